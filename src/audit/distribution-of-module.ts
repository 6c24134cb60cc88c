/**
 * Distributions whose name is not that of the module they bring, and replacements that work on Lambda. Everything else is assumed
 * to be called as its module is. Source: the distributions' own top-level names on the package index; as of 2026-11-22.
 */
// prettier-ignore
const distributions: Readonly<Record<string, string>> = {
  yaml: 'PyYAML', cv2: 'opencv-python-headless', PIL: 'Pillow', sklearn: 'scikit-learn', skimage: 'scikit-image', dateutil: 'python-dateutil',
  bs4: 'beautifulsoup4', Crypto: 'pycryptodome', Cryptodome: 'pycryptodomex', dotenv: 'python-dotenv', jwt: 'PyJWT', jose: 'python-jose',
  psycopg2: 'psycopg2-binary', MySQLdb: 'mysqlclient', OpenSSL: 'pyOpenSSL', docx: 'python-docx', pptx: 'python-pptx', magic: 'python-magic',
  google: 'google-api-python-client', googleapiclient: 'google-api-python-client', attr: 'attrs', pkg_resources: 'setuptools', serial: 'pyserial',
  usb: 'pyusb', zmq: 'pyzmq', git: 'GitPython', github: 'PyGithub', slugify: 'python-slugify', multipart: 'python-multipart', telegram: 'python-telegram-bot',
  discord: 'discord.py', fitz: 'PyMuPDF', ldap: 'python-ldap', nacl: 'PyNaCl', socks: 'PySocks', win32com: 'pywin32', wx: 'wxPython', gi: 'PyGObject',
  aws_lambda_powertools: 'aws-lambda-powertools', aws_xray_sdk: 'aws-xray-sdk', flask_cors: 'Flask-Cors', flask: 'Flask', jinja2: 'Jinja2', markdown: 'Markdown',
  rest_framework: 'djangorestframework', corsheaders: 'django-cors-headers', storages: 'django-storages', pymysql: 'PyMySQL', tlz: 'toolz', ruamel: 'ruamel.yaml',
  dns: 'dnspython', ujson: 'ujson', tomllib: 'tomli', importlib_metadata: 'importlib-metadata', snowflake: 'snowflake-connector-python',
  mpl_toolkits: 'matplotlib', pylab: 'matplotlib', pythonjsonlogger: 'python-json-logger', grpc: 'grpcio', markupsafe: 'MarkupSafe', pydantic_core: 'pydantic-core',
}

/** @example distributionOfModule('yaml') // 'PyYAML' */
export function distributionOfModule(module: string): string {
  return distributions[module] ?? module.replaceAll('_', '-')
}
