/** The functions of the recordings, as their README describes them. Each is one Python file. */
import { zipSync } from 'fflate'
import { archiveBytes } from '../../src/zip/writer.ts'

type Sources = Readonly<Record<string, (options: Readonly<Record<string, unknown>>, handler: string) => string>>

const echo = 'import json\ndef {h}(event, context):\n    print(json.dumps(event))\n    return event\n'

const sources: Sources = {
  echo: (_, h) => echo.replace('{h}', h),
  'echo-padded': (options, h) => {
    const code = echo.replace('{h}', h)
    return code + '#'.repeat(Number(options['sourceBytes'] ?? 0) - code.length)
  },
  'echo-json-body': (_, h) =>
    `import json\ndef ${h}(event, context):\n    print(event)\n    return json.loads(event['body'])\n`,
  'python-version': (_, h) =>
    `import sys\ndef ${h}(event, context):\n    return {'version': 'python%d.%d' % sys.version_info[:2]}\n`,
  'version-probe': (options, h) => `def ${h}(event, context):
    result = {'version_id': '${String(options['with'])}', 'invoked_arn': context.invoked_function_arn, 'version_from_ctx': context.function_version}
    print(result)
    return result
`,
  'event-and-context': (_, h) => `import logging, json
logging.getLogger().setLevel(logging.INFO)
def ${h}(event, context):
    print('printed', json.dumps(event))
    logging.info('logged')
    if event.get('raise_error'):
        raise Exception('Test exception (this is intentional)')
    names = ['invoked_function_arn', 'function_version', 'function_name', 'memory_limit_in_mb', 'aws_request_id', 'log_group_name', 'log_stream_name', 'client_context']
    return {'event': event, 'context': {name: getattr(context, name) for name in names}}
`,
  'two-handlers': () => `def handler(event, context):
    print({'handler': 'handler'})
    return {'handler': 'handler'}
def handler_two(event, context):
    print({'handler': 'handler_two'})
    return {'handler': 'handler_two'}
`,
  counter: (_, h) =>
    `n = 0\ndef ${h}(event, context):\n    global n\n    result = {'counter': n}\n    n += 1\n    return result\n`,
  sleep: (_, h) => `import time\ndef ${h}(event, context):\n    time.sleep(event['wait'])\n`,
  'state-probe': (_, h) => `import time
number = 0
def ${h}(event, context):
    global number
    if 'write-file' in event:
        with open('/tmp/state', 'w') as file:
            file.write(event['write-file'])
    elif 'read-file' in event:
        with open('/tmp/state') as file:
            return {'content': file.read()}
    elif 'set-number' in event:
        number = event['set-number']
    elif 'read-number' in event:
        return {'number': number}
    elif 'sleep' in event:
        time.sleep(event['sleep'])
`,
  'sized-response': (_, h) => `def ${h}(event, context):\n    return 'a' * event['bytenum']\n`,
  'returns-constant': (options, h) =>
    `import json\ndef ${h}(event, context):\n    return json.loads(${JSON.stringify(JSON.stringify(options['returns']))})\n`,
  'returns-none': (_, h) => `def ${h}(event, context):\n    print(event)\n`,
  'print-body': (_, h) => `def ${h}(event, context):\n    print(event['body'])\n    return event\n`,
  'log-request-id': (_, h) => `import logging
logging.getLogger().setLevel(logging.INFO)
def ${h}(event, context):
    logging.info('RequestId log message')
    return context.aws_request_id
`,
  'prints-and-raises': (_, h) => `import json
def ${h}(event, context):
    print(json.dumps({'event': event, 'aws_request_id': context.aws_request_id}))
    raise Exception('intentional failure')
`,
  'raises-event-message': (_, h) =>
    `def ${h}(event, context):\n    print(event)\n    raise Exception('Failed: ' + event['error_msg'])\n`,
  'handler-raises': (_, h) => `def ${h}(event, context):\n    raise Exception("Handler fails")\n`,
  'init-raises': (_, h) => `raise Exception("Runtime startup fails")\ndef ${h}(event, context):\n    pass\n`,
  'init-exits': (_, h) => `import sys\nsys.exit(0)\ndef ${h}(event, context):\n    pass\n`,
  'init-type': (_, h) => `import os, time
def ${h}(event, context):
    if event.get('wait'):
        time.sleep(event['wait'])
    return os.environ['AWS_LAMBDA_INITIALIZATION_TYPE']
`,
  'init-type-failure': (_, h) => `import os, time
if os.environ['AWS_LAMBDA_INITIALIZATION_TYPE'] == 'provisioned-concurrency':
    raise Exception('no')
def ${h}(event, context):
    return os.environ['AWS_LAMBDA_INITIALIZATION_TYPE']
`,
  environment: (_, h) => `import os\ndef ${h}(event, context):\n    return {'environment': dict(os.environ)}\n`,
  'environment-and-context': (_, h) => `import os
def ${h}(event, context):
    names = ['aws_request_id', 'function_name', 'function_version', 'invoked_function_arn', 'log_group_name', 'log_stream_name', 'memory_limit_in_mb']
    ctx = {name: getattr(context, name) for name in names}
    ctx['remaining_time_in_millis'] = context.get_remaining_time_in_millis()
    return {'environment': dict(os.environ), 'ctx': ctx, 'packages': []}
`,
  layer: () => 'pass\n',
  'host-introspection': (_, h) => `import getpass, grp, os, platform, pwd, stat
def ${h}(event, context):
    paths = {}
    for path in ['/var/task', '/opt', '/tmp', '/lambda-entrypoint.sh']:
        name = path.replace('/', '_') if path != '/lambda-entrypoint.sh' else '_lambda-entrypoint.sh'
        info = os.stat(path)
        paths[name + '_mode'] = stat.filemode(info.st_mode)
        paths[name + '_uid'] = info.st_uid
        paths[name + '_owner'] = pwd.getpwuid(info.st_uid).pw_name
        paths[name + '_gid'] = info.st_gid
    user = getpass.getuser()
    return {'event': event, 'user_login_name': user, 'user_whoami': pwd.getpwuid(os.getuid()).pw_name, 'platform_system': platform.system(), 'platform_machine': platform.machine(), 'pwd': os.getcwd(), 'paths': paths}
`,
  'caller-identity': (_, h) =>
    `import boto3\ndef ${h}(event, context):\n    return boto3.client('sts').get_caller_identity()\n`,
  'other-language': (_, h) => `# another\n${echo.replace('{h}', h)}`,
}

/** Names of the recordings' functions that can be made here. */
export const recordedFunctionNames: ReadonlySet<string> = new Set(Object.keys(sources))

/** @param handler the `Handler` of the function: the file is called as what stands before its dot */
export function recordedPackage(code: Readonly<Record<string, unknown>>, handler = 'handler.handler'): Buffer {
  const make = sources[String(code['$zip'])]
  if (!make) throw new Error(`the recordings have no function ${String(code['$zip'])}`)
  const dot = handler.lastIndexOf('.')
  const path = code['$zip'] === 'layer' ? 'python/content.py' : `${handler.slice(0, dot)}.py`
  const source = make(code, handler.slice(dot + 1))
  if (code['$zip'] === 'echo-padded') return Buffer.from(zipSync({ [path]: Buffer.from(source) }, { level: 0 }))
  return archiveBytes([{ path, bytes: source }])
}
