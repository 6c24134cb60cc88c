"""Every command of `aws lambda` that Zipyard serves, with the real CLI in one process (its start would cost a second each).

Prints one JSON line per command: its name, exit code and output. The order is a story; each line may use what earlier ones made.
"""
import contextlib
import io
import json
import os
import sys
import time

from awscli.clidriver import create_clidriver

driver = create_clidriver()
role = 'arn:aws:iam::123456789012:role/cli'
zip_file = sys.argv[1]
os.chdir(sys.argv[2])


def aws(command, *args, expect=0):
    out, err = io.StringIO(), io.StringIO()
    out.buffer = io.BytesIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = driver.main(['lambda', command, *args])
    text = out.getvalue() or out.buffer.getvalue().decode()
    print(json.dumps({'command': command, 'code': code, 'expected': expect, 'error': err.getvalue()}), file=sys.__stdout__, flush=True)
    try:
        return json.loads(text) if text.strip() else {}
    except ValueError:
        return {}


f = ['--function-name', 'cli']
made = aws('create-function', *f, '--runtime', 'python3.11', '--handler', 'app.handler', '--role', role, '--zip-file', 'fileb://' + zip_file, '--tags', 'a=1')
arn = made['FunctionArn']
aws('wait', 'function-active-v2', *f)
aws('wait', 'function-exists', *f)
aws('get-function', *f)
aws('get-function-configuration', *f)
aws('list-functions', '--max-items', '1')
aws('update-function-code', *f, '--zip-file', 'fileb://' + zip_file)
aws('wait', 'function-updated-v2', *f)
aws('update-function-configuration', *f, '--timeout', '5', '--environment', 'Variables={AB=b}')
aws('wait', 'function-updated', *f)
aws('publish-version', *f, '--description', 'one')
aws('wait', 'published-version-active', *f, '--qualifier', '1')
aws('list-versions-by-function', *f)
aws('create-alias', *f, '--name', 'prod', '--function-version', '1')
aws('get-alias', *f, '--name', 'prod')
aws('update-alias', *f, '--name', 'prod', '--description', 'live')
aws('list-aliases', *f)
aws('invoke', *f, '--payload', '{"a": 1}', '--log-type', 'Tail', 'out.json')
assert json.load(open('out.json')) == {'a': 1}, open('out.json').read()
aws('invoke', *f, '--qualifier', 'prod', '--invocation-type', 'Event', '--payload', '{}', 'event.json')
aws('invoke-async', *f, '--invoke-args', 'out.json')
aws('add-permission', *f, '--statement-id', 's', '--action', 'lambda:InvokeFunction', '--principal', 's3.amazonaws.com')
aws('get-policy', *f)
aws('remove-permission', *f, '--statement-id', 's')
aws('tag-resource', '--resource', arn, '--tags', 'b=2')
aws('list-tags', '--resource', arn)
aws('untag-resource', '--resource', arn, '--tag-keys', 'a', 'b')
aws('put-function-concurrency', *f, '--reserved-concurrent-executions', '5')
aws('get-function-concurrency', *f)
aws('delete-function-concurrency', *f)
aws('put-provisioned-concurrency-config', *f, '--qualifier', 'prod', '--provisioned-concurrent-executions', '1')
aws('get-provisioned-concurrency-config', *f, '--qualifier', 'prod')
aws('list-provisioned-concurrency-configs', *f)
aws('delete-provisioned-concurrency-config', *f, '--qualifier', 'prod')
aws('put-function-event-invoke-config', *f, '--maximum-retry-attempts', '1')
aws('update-function-event-invoke-config', *f, '--maximum-event-age-in-seconds', '100')
aws('get-function-event-invoke-config', *f)
aws('list-function-event-invoke-configs', *f)
aws('delete-function-event-invoke-config', *f)
aws('create-function-url-config', *f, '--auth-type', 'NONE', '--cors', 'AllowOrigins=*')
aws('get-function-url-config', *f)
aws('update-function-url-config', *f, '--auth-type', 'AWS_IAM')
aws('list-function-url-configs', *f)
aws('delete-function-url-config', *f)
aws('put-function-recursion-config', *f, '--recursive-loop', 'Allow')
aws('get-function-recursion-config', *f)
aws('put-runtime-management-config', *f, '--update-runtime-on', 'FunctionUpdate')
aws('get-runtime-management-config', *f)
layer = aws('publish-layer-version', '--layer-name', 'lib', '--zip-file', 'fileb://' + zip_file, '--compatible-runtimes', 'python3.11')
aws('get-layer-version', '--layer-name', 'lib', '--version-number', '1')
aws('get-layer-version-by-arn', '--arn', layer['LayerVersionArn'])
aws('list-layer-versions', '--layer-name', 'lib')
aws('list-layers', '--compatible-runtime', 'python3.11')
aws('add-layer-version-permission', '--layer-name', 'lib', '--version-number', '1', '--statement-id', 's', '--action', 'lambda:GetLayerVersion', '--principal', '*')
aws('get-layer-version-policy', '--layer-name', 'lib', '--version-number', '1')
aws('remove-layer-version-permission', '--layer-name', 'lib', '--version-number', '1', '--statement-id', 's')
aws('delete-layer-version', '--layer-name', 'lib', '--version-number', '1')
csc = aws('create-code-signing-config', '--allowed-publishers', 'SigningProfileVersionArns=arn:aws:signer:us-east-1:123456789012:/signing-profiles/x')['CodeSigningConfig']['CodeSigningConfigArn']
c = ['--code-signing-config-arn', csc]
aws('get-code-signing-config', *c)
aws('update-code-signing-config', *c, '--description', 'd')
aws('list-code-signing-configs')
aws('put-function-code-signing-config', *f, *c)
aws('get-function-code-signing-config', *f)
aws('list-functions-by-code-signing-config', *c)
aws('delete-function-code-signing-config', *f)
aws('delete-code-signing-config', *c)
aws('get-account-settings')
aws('delete-alias', *f, '--name', 'prod')
aws('delete-function', *f)
aws('get-function', *f, expect=255)
aws('list-event-source-mappings', expect=255)
