"""Glue crawlers that crawl."""
