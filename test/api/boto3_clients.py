"""boto3 against Zipyard: waiters, paginators, errors by class, streams, presigned downloads. Exits 0 when all is as on AWS."""
import base64
import hashlib
import json
import sys
import urllib.request

import boto3

zip_bytes = open(sys.argv[1], 'rb').read()
client = boto3.client('lambda')
role = 'arn:aws:iam::123456789012:role/boto3'


def create(name, **more):
    return client.create_function(FunctionName=name, Runtime='python3.11', Handler='app.handler', Role=role, Code={'ZipFile': zip_bytes}, **more)


made = create('boto3', Publish=True)
assert made['Version'] == '1' and made['State'] == 'Pending', made
assert made['CodeSha256'] == base64.b64encode(hashlib.sha256(zip_bytes).digest()).decode()
for waiter in ['function_exists', 'function_active', 'function_active_v2', 'function_updated', 'function_updated_v2']:
    client.get_waiter(waiter).wait(FunctionName='boto3')
client.get_waiter('published_version_active').wait(FunctionName='boto3', Qualifier='1')
try:
    create('boto3')
    raise AssertionError('the name is taken')
except client.exceptions.ResourceConflictException as error:
    assert error.response['Error']['Message'] == 'Function already exist: boto3'
    assert error.response['ResponseMetadata']['HTTPStatusCode'] == 409 and error.response['ResponseMetadata']['RequestId']
answer = client.invoke(FunctionName=made['FunctionArn'], Payload=json.dumps({'x': 'ü'}), LogType='Tail', ClientContext=base64.b64encode(b'{"custom": {}}').decode())
assert json.load(answer['Payload']) == {'x': 'ü'} and answer['ExecutedVersion'] == '$LATEST', answer
log = base64.b64decode(answer['LogResult']).decode()
assert log.startswith('START RequestId: ' + answer['ResponseMetadata']['RequestId']), log
location = client.get_function(FunctionName='boto3')['Code']['Location']
assert urllib.request.urlopen(location).read() == zip_bytes
for i in range(7):
    create('paged-%d' % i)
    client.create_alias(FunctionName='boto3', Name='alias-%d' % i, FunctionVersion='1')
names = [f['FunctionName'] for page in client.get_paginator('list_functions').paginate(PaginationConfig={'PageSize': 3}) for f in page['Functions']]
assert [n for n in names if n.startswith('paged-')] == ['paged-%d' % i for i in range(7)], names
aliases = [a['Name'] for page in client.get_paginator('list_aliases').paginate(FunctionName='boto3', PaginationConfig={'PageSize': 2}) for a in page['Aliases']]
assert aliases == ['alias-%d' % i for i in range(7)], aliases
versions = [v['Version'] for page in client.get_paginator('list_versions_by_function').paginate(FunctionName='boto3') for v in page['Versions']]
assert versions == ['$LATEST', '1'], versions
try:
    client.get_function(FunctionName='nobody')
except client.exceptions.ResourceNotFoundException as error:
    assert 'Function not found: arn:aws:lambda:us-east-1:123456789012:function:nobody' in str(error)
else:
    raise AssertionError('there is no such function')
try:
    client.update_function_configuration(FunctionName='boto3', RevisionId='00000000-0000-0000-0000-000000000000', Timeout=9)
except client.exceptions.PreconditionFailedException as error:
    assert error.response['ResponseMetadata']['HTTPStatusCode'] == 412
else:
    raise AssertionError('the revision was another')
client.tag_resource(Resource='arn:aws:lambda:us-east-1:123456789012:function:boto3', Tags={'key with spaces/and:more': 'größe'})
assert client.list_tags(Resource='arn:aws:lambda:us-east-1:123456789012:function:boto3')['Tags'] == {'key with spaces/and:more': 'größe'}
client.untag_resource(Resource='arn:aws:lambda:us-east-1:123456789012:function:boto3', TagKeys=['key with spaces/and:more'])
wrong = boto3.client('lambda', aws_secret_access_key='wrong', aws_access_key_id=client._request_signer._credentials.access_key)
try:
    wrong.list_functions()
except wrong.exceptions.ClientError as error:
    assert error.response['Error']['Code'] == 'InvalidSignatureException', error.response
else:
    raise AssertionError('the signature was wrong')
for name in ['boto3'] + ['paged-%d' % i for i in range(7)]:
    client.delete_function(FunctionName=name)
print('all as on AWS')
