# "Using a virtual environment", the page's lines as they stand there
eval "$(zipyard env)"

mkdir my-venv-function
cd my-venv-function
cp "$PAGE/lambda_function.py" lambda_function.py
. "$PAGE/create-function.sh"

python3 -m venv myvenv
. myvenv/bin/activate
pip install requests
deactivate

cd myvenv/lib/python3.*/site-packages
zip -r ../../../../my-deployment-package.zip .

cd ../../../../
zip -g my-deployment-package.zip lambda_function.py

if [ -n "${CERTIFICATE:-}" ]; then cp "$CERTIFICATE" ca.pem; zip -g my-deployment-package.zip ca.pem; fi

aws lambda update-function-code --function-name my-function --zip-file fileb://my-deployment-package.zip > updated.json
aws lambda wait function-updated-v2 --function-name my-function
