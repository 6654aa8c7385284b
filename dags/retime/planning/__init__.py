"""What a run should do, and what it did: values from values; only plan_dates reads S3."""
