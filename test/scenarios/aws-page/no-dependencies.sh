# "Deployment package without dependencies"
eval "$(zipyard env)"

mkdir my-math-function
cd my-math-function
cat > lambda_function.py <<'PYTHON'
import json
import math

def lambda_handler(event, context):
    return {"square": math.pow(event["number"], 2), "boto3": __import__("boto3").__version__}
PYTHON

zip my-deployment-package.zip lambda_function.py

aws lambda create-function --function-name my-math-function \
  --runtime "$RUNTIME" --handler lambda_function.lambda_handler \
  --role arn:aws:iam::123456789012:role/lambda-ex \
  --zip-file fileb://my-deployment-package.zip
aws lambda wait function-active-v2 --function-name my-math-function

aws lambda invoke --function-name my-math-function --payload '{"number": 12}' --log-type Tail answer.json
cat answer.json
