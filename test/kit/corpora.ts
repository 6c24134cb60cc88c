import type { WheelTarget } from './real-wheels.ts'

/** A set of real distributions for one target; what they require comes with them. */
export interface Corpus extends WheelTarget {
  readonly folder: string
  readonly wanted: readonly string[]
}

/** Distributions that many functions use, native and pure, newest versions: with what they require some ninety wheels. */
const newest = [
  'requests', 'boto3', 'numpy', 'pandas', 'pydantic', 'cryptography', 'Pillow', 'PyYAML', 'lxml', 'SQLAlchemy', 'Flask', 'Jinja2', 'fastapi',
  'mangum', 'aws-lambda-powertools', 'aws-xray-sdk', 'httpx', 'aiohttp', 'orjson', 'ujson', 'psycopg2-binary', 'redis', 'pymongo', 'beautifulsoup4',
  'jsonschema', 'python-jose', 'PyJWT', 'openpyxl', 'markdown', 'Pygments', 'tzdata', 'simplejson', 'regex', 'msgpack', 'bcrypt', 'python-dotenv',
  'structlog', 'tenacity', 'click', 'rich', 'attrs', 'networkx', 'sympy', 'scipy',
] // prettier-ignore

/** The same as functions of 2023 have them: the major versions before today's. */
const of2023 = [
  'requests<2.32', 'boto3<1.35', 'numpy<2', 'pandas<2.2', 'pydantic<2', 'cryptography<42', 'Pillow<11', 'PyYAML<6.0.2', 'lxml<5', 'SQLAlchemy<2', 'Flask<3', 'Jinja2<3.1.3',
  'fastapi<0.100', 'mangum<0.18', 'aws-lambda-powertools<3', 'aws-xray-sdk<2.13', 'httpx<0.25', 'aiohttp<3.9', 'orjson<3.10', 'ujson<5.9', 'psycopg2-binary<2.9.10', 'redis<5',
  'pymongo<4.5', 'beautifulsoup4<4.13', 'jsonschema<4.18', 'python-jose<3.4', 'PyJWT<2.9', 'openpyxl', 'markdown<3.5', 'Pygments<2.17', 'tzdata<2024', 'simplejson<3.20',
  'regex<2024', 'msgpack<1.1', 'bcrypt<4.2', 'python-dotenv<1.1', 'structlog<24', 'tenacity<9', 'click<8.1.8', 'rich<13.6', 'attrs<24', 'networkx<3.2', 'sympy<1.13', 'scipy<1.12',
] // prettier-ignore

/** A handful with compiled C, compiled Rust, pure code and requirements of requirements: small enough for every test run. */
const small = [
  'requests==2.32.5', 'pydantic==2.12.4', 'PyYAML==6.0.3', 'cryptography==46.0.3', 'Jinja2==3.1.6', 'orjson==3.11.4', 'bcrypt==5.0.0', 'jsonschema==4.25.1', 'PyJWT==2.10.1',
] // prettier-ignore

function corpus(name: string, runtime: string, architecture: 'x86_64' | 'arm64', wanted: readonly string[]): Corpus {
  return { runtime, architecture, wanted, folder: `${name}-${runtime}-${architecture}` }
}

export const corpora = {
  'small on x86_64': corpus('small', 'python3.11', 'x86_64', small),
  'small on arm64': corpus('small', 'python3.11', 'arm64', small),
  'newest on x86_64': corpus('newest', 'python3.13', 'x86_64', newest),
  'newest on arm64': corpus('newest', 'python3.13', 'arm64', newest),
  'of 2023 on x86_64': corpus('of-2023', 'python3.11', 'x86_64', of2023),
  'of 2023 on arm64': corpus('of-2023', 'python3.11', 'arm64', of2023),
} as const satisfies Record<string, Corpus>
