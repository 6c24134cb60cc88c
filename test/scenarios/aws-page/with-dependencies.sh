# "Deployment package with dependencies", the page's lines as they stand there
eval "$(zipyard env)"

mkdir my-sourcecode-function
cd my-sourcecode-function
cp "$PAGE/lambda_function.py" lambda_function.py
. "$PAGE/create-function.sh"

pip install --target ./package requests

cd package
zip -r ../my-deployment-package.zip .

cd ..
zip -g my-deployment-package.zip lambda_function.py

# Not on the page: the certificate of the test's own www.test.com.
if [ -n "${CERTIFICATE:-}" ]; then cp "$CERTIFICATE" ca.pem; zip -g my-deployment-package.zip ca.pem; fi

aws lambda update-function-code --function-name my-function --zip-file fileb://my-deployment-package.zip > updated.json
aws lambda wait function-updated-v2 --function-name my-function
