"""One file up by boto3, unmodified, as an application would; its retries are the client's own.

S3_URL, S3_BUCKET, S3_OBJECT, S3_FILE; keys and region come as the client's own variables.
"""
import os

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config

s3 = boto3.client("s3", endpoint_url=os.environ["S3_URL"],
                  config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 10, "mode": "standard"}))
s3.upload_file(os.environ["S3_FILE"], os.environ["S3_BUCKET"], os.environ["S3_OBJECT"],
               Config=TransferConfig(max_concurrency=4), ExtraArgs={"Metadata": {"from": "boto3"}})
