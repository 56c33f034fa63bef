"""The S3 protocol by boto3, unmodified. Run by the test `storage::s3::boto3`; settings come as environment variables.

S3_URL, S3_KEY, S3_SECRET, S3_REGION: the project's pair. ANON_KEY, USER_TOKEN, USER_ID: a user, who may read and write
below a folder of that name in the bucket `users`.
"""
import hashlib
import io
import os
import sys
import urllib.error
import urllib.request

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

URL, REGION = os.environ["S3_URL"], os.environ["S3_REGION"]


def client(key=os.environ["S3_KEY"], secret=os.environ["S3_SECRET"], token=None, **config):
    return boto3.client(
        "s3", endpoint_url=URL, region_name=REGION, aws_access_key_id=key, aws_secret_access_key=secret,
        aws_session_token=token,
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}, retries={"max_attempts": 1}, **config))


def refused(code, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error.response
        return
    raise AssertionError(f"not refused with {code}")


def buckets(s3):
    s3.create_bucket(Bucket="one")
    assert "one" in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    refused("BucketAlreadyExists", s3.create_bucket, Bucket="one")
    s3.head_bucket(Bucket="one")
    refused("404", s3.head_bucket, Bucket="none")
    assert s3.get_bucket_location(Bucket="one")["LocationConstraint"] == REGION
    s3.get_bucket_versioning(Bucket="one")
    refused("NotImplemented", s3.get_bucket_acl, Bucket="one")
    s3.put_object(Bucket="one", Key="k", Body=b"x")
    refused("ResourceNotEmpty", s3.delete_bucket, Bucket="one")
    s3.delete_object(Bucket="one", Key="k")
    s3.delete_bucket(Bucket="one")


def objects(s3):
    s3.create_bucket(Bucket="b")
    content = bytes(range(256)) * 1000
    put = s3.put_object(Bucket="b", Key="a dir/b+c (1).bin", Body=content, ContentType="text/html",
                        CacheControl="max-age=5", Metadata={"colour": "blue"})
    assert put["ETag"] == f'"{hashlib.md5(content).hexdigest()}"'
    got = s3.get_object(Bucket="b", Key="a dir/b+c (1).bin")
    assert got["Body"].read() == content
    assert (got["ContentType"], got["CacheControl"], got["Metadata"]) == ("text/html", "max-age=5", {"colour": "blue"})
    head = s3.head_object(Bucket="b", Key="a dir/b+c (1).bin")
    assert head["ContentLength"] == len(content) and head["ETag"] == put["ETag"]
    part = s3.get_object(Bucket="b", Key="a dir/b+c (1).bin", Range="bytes=10-19")
    assert part["Body"].read() == content[10:20] and part["ContentRange"] == f"bytes 10-19/{len(content)}"
    refused("InvalidRange", s3.get_object, Bucket="b", Key="a dir/b+c (1).bin", Range="bytes=9999999-")
    refused("304", s3.get_object, Bucket="b", Key="a dir/b+c (1).bin", IfNoneMatch=put["ETag"])
    refused("PreconditionFailed", s3.get_object, Bucket="b", Key="a dir/b+c (1).bin", IfMatch='"x"')
    refused("NoSuchKey", s3.get_object, Bucket="b", Key="none")
    refused("NoSuchBucket", s3.get_object, Bucket="none", Key="none")
    for algorithm in ["CRC32", "SHA256"]:
        s3.put_object(Bucket="b", Key="checked", Body=content, ChecksumAlgorithm=algorithm)
    refused("BadDigest", s3.put_object, Bucket="b", Key="checked", Body=b"x", ChecksumCRC32="AAAAAA==")
    assert s3.get_object(Bucket="b", Key="checked")["Body"].read() == content
    assert s3.get_object_tagging(Bucket="b", Key="checked")["TagSet"] == []
    s3.put_object(Bucket="b", Key="folder/", Body=b"")
    s3.head_object(Bucket="b", Key="folder/.emptyFolderPlaceholder")


def copies(s3):
    s3.put_object(Bucket="b", Key="source", Body=b"hello", ContentType="text/css", Metadata={"a": "1"})
    s3.copy_object(Bucket="b", Key="copy", CopySource={"Bucket": "b", "Key": "source"})
    head = s3.head_object(Bucket="b", Key="copy")
    assert (head["ContentType"], head["Metadata"]) == ("text/css", {"a": "1"})
    s3.copy_object(Bucket="b", Key="copy", CopySource="b/source", MetadataDirective="REPLACE",
                   ContentType="image/gif", Metadata={"b": "2"})
    head = s3.head_object(Bucket="b", Key="copy")
    assert (head["ContentType"], head["Metadata"]) == ("image/gif", {"b": "2"})
    refused("NoSuchKey", s3.copy_object, Bucket="b", Key="copy", CopySource="b/none")
    refused("PreconditionFailed", s3.copy_object, Bucket="b", Key="copy", CopySource="b/source",
            CopySourceIfMatch='"x"')


def listings(s3):
    s3.create_bucket(Bucket="list")
    names = sorted(f"d{n % 5}/file {n}&.txt" for n in range(25)) + ["top.txt"]
    for name in names:
        s3.put_object(Bucket="list", Key=name, Body=b"x")
    for kind in ["list_objects", "list_objects_v2"]:
        pages = s3.get_paginator(kind).paginate(Bucket="list", PaginationConfig={"PageSize": 4})
        assert [entry["Key"] for page in pages for entry in page.get("Contents", [])] == names, kind
        pages = s3.get_paginator(kind).paginate(Bucket="list", Delimiter="/", PaginationConfig={"PageSize": 2})
        pages = list(pages)
        folders = [entry["Prefix"] for page in pages for entry in page.get("CommonPrefixes", [])]
        assert folders == [f"d{n}/" for n in range(5)], (kind, folders)
        assert [entry["Key"] for page in pages for entry in page.get("Contents", [])] == ["top.txt"]
    page = s3.list_objects_v2(Bucket="list", Prefix="d1/", StartAfter="d1/file 16&.txt")
    assert [entry["Key"] for entry in page["Contents"]] == [n for n in names if n.startswith("d1/") and n > "d1/file 16&.txt"]
    refused("NoSuchBucket", s3.list_objects_v2, Bucket="none")
    answer = s3.delete_objects(Bucket="list", Delete={"Objects": [{"Key": name} for name in names + ["none"]]})
    assert len(answer["Deleted"]) == len(names) + 1 and not answer.get("Errors")
    assert s3.list_objects_v2(Bucket="list")["KeyCount"] == 0
    s3.delete_bucket(Bucket="list")


def multipart(s3):
    piece = hashlib.sha256(b"seed").digest() * 32768
    content = b"".join(piece[n:] + piece[:n] for n in range(100))
    transfer = TransferConfig(multipart_threshold=8 << 20, multipart_chunksize=8 << 20, max_concurrency=4)
    s3.upload_fileobj(io.BytesIO(content), "b", "large", Config=transfer, ExtraArgs={"ContentType": "video/mp4"})
    target = io.BytesIO()
    s3.download_fileobj("b", "large", target, Config=transfer)
    assert hashlib.sha256(target.getvalue()).digest() == hashlib.sha256(content).digest()
    head = s3.head_object(Bucket="b", Key="large")
    assert head["ContentType"] == "video/mp4" and head["ETag"].endswith('-13"'), head

    upload = s3.create_multipart_upload(Bucket="b", Key="parts", Metadata={"k": "v"})["UploadId"]
    name = {"Bucket": "b", "Key": "parts", "UploadId": upload}
    first = s3.upload_part(**name, PartNumber=2, Body=b"world")
    s3.upload_part(**name, PartNumber=1, Body=b"goodbye ")
    again = s3.upload_part(**name, PartNumber=1, Body=b"hello ")
    copied = s3.upload_part_copy(**name, PartNumber=3, CopySource="b/large", CopySourceRange="bytes=0-9")
    refused("InvalidRange", s3.upload_part_copy, **name, PartNumber=4, CopySource="b/large",
            CopySourceRange="bytes=0-999999999")
    listed = s3.list_parts(**name)
    assert [part["PartNumber"] for part in listed["Parts"]] == [1, 2, 3]
    assert [u["UploadId"] for u in s3.list_multipart_uploads(Bucket="b")["Uploads"]] == [upload]
    parts = [{"PartNumber": 1, "ETag": again["ETag"]}, {"PartNumber": 2, "ETag": first["ETag"]},
             {"PartNumber": 3, "ETag": copied["CopyPartResult"]["ETag"]}]
    refused("InvalidPartOrder", s3.complete_multipart_upload, **name, MultipartUpload={"Parts": parts[::-1]})
    refused("InvalidPart", s3.complete_multipart_upload, **name,
            MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": '"x"'}]})
    s3.complete_multipart_upload(**name, MultipartUpload={"Parts": parts})
    got = s3.get_object(Bucket="b", Key="parts")
    assert got["Body"].read() == b"hello world" + content[:10] and got["Metadata"] == {"k": "v"}
    refused("NoSuchUpload", s3.list_parts, **name)

    upload = s3.create_multipart_upload(Bucket="b", Key="gone")["UploadId"]
    s3.upload_part(Bucket="b", Key="gone", UploadId=upload, PartNumber=1, Body=b"x")
    refused("NoSuchUpload", s3.upload_part, Bucket="b", Key="other", UploadId=upload, PartNumber=1, Body=b"x")
    s3.abort_multipart_upload(Bucket="b", Key="gone", UploadId=upload)
    refused("NoSuchUpload", s3.upload_part, Bucket="b", Key="gone", UploadId=upload, PartNumber=1, Body=b"x")
    refused("NoSuchKey", s3.get_object, Bucket="b", Key="gone")


def send(method, url, body=None, headers={}):
    request = urllib.request.Request(url, method=method, data=body, headers=headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def forms(s3):
    def post(fields, content):
        parts = [f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()]
        body = "".join(parts) + '--x\r\nContent-Disposition: form-data; name="file"; filename="f.txt"\r\n\r\n'
        return send("POST", signed["url"], body.encode() + content + b"\r\n--x--\r\n",
                    {"content-type": "multipart/form-data; boundary=x"})

    signed = s3.generate_presigned_post(
        "b", "form/${filename}", Fields={"x-amz-meta-a": "1", "success_action_status": "201"},
        Conditions=[{"x-amz-meta-a": "1"}, {"success_action_status": "201"}, ["content-length-range", 3, 10]])
    status, body = post(signed["fields"], b"by form")
    assert status == 201 and b"<Key>form/f.txt</Key>" in body, body
    got = s3.get_object(Bucket="b", Key="form/f.txt")
    assert got["Body"].read() == b"by form" and got["Metadata"] == {"a": "1"}
    assert post(signed["fields"], b"x")[0] == 403
    assert post(signed["fields"], b"longer than ten")[0] == 413
    assert post({**signed["fields"], "key": "elsewhere"}, b"by form")[0] == 403
    assert post({**signed["fields"], "x-amz-meta-b": "2"}, b"by form")[0] == 403
    assert post({**signed["fields"], "x-amz-signature": "0" * 64}, b"by form")[0] == 403
    assert s3.get_object(Bucket="b", Key="form/f.txt")["Body"].read() == b"by form"


def presigned(s3):
    key = {"Bucket": "b", "Key": "pre signed"}
    put = s3.generate_presigned_url("put_object", Params=key, ExpiresIn=60)
    assert send("PUT", put, b"by url")[0] == 200
    get = s3.generate_presigned_url("get_object", Params=key, ExpiresIn=60)
    assert send("GET", get) == (200, b"by url")
    assert send("PUT", get, b"x")[0] == 403
    assert send("GET", get.replace("signed", "other"))[0] == 403
    # Who has the URL may not turn it into a copy of something else.
    status, body = send("PUT", put, b"", {"x-amz-copy-source": "b/parts"})
    assert status == 403 and b"AccessDenied" in body, body


def session():
    user = client("project", os.environ["ANON_KEY"], os.environ["USER_TOKEN"])
    own = f"{os.environ['USER_ID']}/file"
    user.put_object(Bucket="users", Key=own, Body=b"mine")
    assert user.get_object(Bucket="users", Key=own)["Body"].read() == b"mine"
    assert [entry["Key"] for entry in user.list_objects_v2(Bucket="users")["Contents"]] == [own]
    refused("AccessDenied", user.put_object, Bucket="users", Key="other/file", Body=b"x")
    refused("AccessDenied", user.create_multipart_upload, Bucket="users", Key="other/file")
    owner = client()
    owner.put_object(Bucket="users", Key="other/secret", Body=b"x")
    refused("NoSuchKey", user.get_object, Bucket="users", Key="other/secret")
    refused("NoSuchKey", user.copy_object, Bucket="users", Key=own, CopySource="users/other/secret")
    refused("AccessDenied", user.delete_object, Bucket="users", Key="other/secret")
    answer = user.delete_objects(Bucket="users", Delete={"Objects": [{"Key": own}, {"Key": "other/secret"}]})
    assert [entry["Key"] for entry in answer["Deleted"]] == [own], answer
    assert [(entry["Key"], entry["Code"]) for entry in answer["Errors"]] == [("other/secret", "AccessDenied")]
    upload = user.create_multipart_upload(Bucket="users", Key=own)["UploadId"]
    part = user.upload_part(Bucket="users", Key=own, UploadId=upload, PartNumber=1, Body=b"part")
    user.complete_multipart_upload(Bucket="users", Key=own, UploadId=upload,
                                   MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]})
    assert user.get_object(Bucket="users", Key=own)["Body"].read() == b"part"


def strangers():
    refused("InvalidAccessKeyId", client(key="nobody").list_buckets)
    refused("SignatureDoesNotMatch", client(secret="wrong").list_buckets)
    refused("SignatureDoesNotMatch", client("project", "wrong", os.environ["USER_TOKEN"]).list_buckets)
    refused("AccessDenied", client("project", os.environ["ANON_KEY"], "not.a.token").list_buckets)


if __name__ == "__main__":
    s3 = client()
    buckets(s3)
    objects(s3)
    copies(s3)
    listings(s3)
    multipart(s3)
    presigned(s3)
    forms(s3)
    session()
    strangers()
    print("all of boto3")
    sys.exit(0)
