"""A stand-in for the AWS APIs that Retime uses: S3, Glue and Athena over HTTP on loopback.

For the demo, the tests and development; never deployed. `python -m local_aws --help`.
"""
