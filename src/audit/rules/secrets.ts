import { defineFinding } from '../finding.ts'
import type { Rule } from '../rule.ts'
import { noteworthyFiles } from '../tree-files.ts'

const secret = defineFinding('ZY1801', {
  severity: 'warning',
  certainty: 'likely',
  title: 'A secret is in the package',
  why: "Everyone who may read the function's code (`lambda:GetFunction`) can download the package, and its versions keep it. Only own files are looked at, and the value is neither printed nor kept.",
  text: (p: { path: string; what: string; line: number }) => ({
    sentence: `\`${p.path}\`${p.line > 0 ? ` line ${p.line}` : ''} looks like ${p.what}`,
    hint: "Leave the file out (`.zipyardignore`) and use Secrets Manager, Parameter Store, or the function's role; renew what was ever published",
  }),
  sample: { path: 'config/deploy.pem', what: 'a private key', line: 1 },
})

export const secrets: Rule = {
  name: 'secrets',
  summary: 'Do the own files hold keys, passwords or tokens?',
  findings: [secret],
  *check(facts) {
    for (const tree of [facts.package, ...facts.layers])
      for (const file of noteworthyFiles(tree)) {
        if (file.distribution !== undefined || (file.interest !== 'own text' && file.interest !== 'python')) continue
        const { content } = file
        const found = content?.kind === 'python' ? content.secret : content?.kind === 'secret' ? content : undefined
        if (found)
          yield secret(
            { path: file.path, what: found.what, line: found.line },
            { file: file.path, ...(found.line > 0 ? { line: found.line } : {}) },
          )
      }
  },
}
