/**
 * Compiles sources to unchecked-hash bytecode (PEP 552) and writes it as frames of length and bytes. For Python 3.8 and newer.
 *
 * Deterministic: no times, no random hashes; the path inside the code is where the file will lie on Lambda.
 */
export const compileScript = `
import importlib.util, json, marshal, struct, sys
jobs, answers = sys.argv[1:]
with open(jobs, encoding='utf-8') as file:
    jobs = json.load(file)
with open(answers, 'wb') as out:
    for job in jobs['files']:
        with open(job['file'], 'rb') as file:
            source = file.read()
        try:
            code = compile(source, jobs['root'] + '/' + job['path'], 'exec', dont_inherit=True, optimize=0)
            data = importlib.util.MAGIC_NUMBER + struct.pack('<I', 1) + importlib.util.source_hash(source) + marshal.dumps(code)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            data = b''
        out.write(struct.pack('<I', len(data)))
        out.write(data)
`
