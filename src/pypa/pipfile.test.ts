import { expect, test } from 'vitest'
import { formatRequirement } from './requirement.ts'
import { parsePipfile } from './pipfile.ts'

test('a Pipfile is read as requirements by category, with markers in both spellings', () => {
  const pipfile = parsePipfile(`
[[source]]
url = "https://index.example/simple"
name = "index"
[packages]
httpx = { version = ">=0.27,<1", extras = ["socks"] }
click = "*"
"Back.Ports" = { version = "==1.*", markers = "python_version < '3.11'", sys_platform = "== 'linux'" }
local = { path = "./local", editable = true }
[dev-packages]
iniconfig = "~=2.0"
[docs]
psutil = "*"
[requires]
python_version = "3.11"
[scripts]
run = "python app.py"
`)
  const texts = Object.fromEntries(Object.entries(pipfile).map(([group, list]) => [group, list.map(formatRequirement)]))
  expect(texts).toEqual({
    '': [
      'httpx[socks]>=0.27,<1',
      'click',
      "Back.Ports==1.*; python_version < '3.11' and sys_platform == 'linux'",
      'local',
    ],
    dev: ['iniconfig~=2.0'],
    docs: ['psutil'],
  })
})

test('what is no version is told with its place', () => {
  expect(() => parsePipfile('[packages]\nclick = "newest"\n')).toThrow('`Pipfile`: `packages.click`')
})
