# "If the .zip file is larger than 50 MB, we recommend uploading it to your function from an Amazon S3 bucket"
eval "$(zipyard env)"

mkdir my-big-function
cd my-big-function
cat > lambda_function.py <<'PYTHON'
import os

def main(event, context):
    return os.path.getsize("/var/task/big.bin")
PYTHON
. "$PAGE/create-function.sh"

head -c 60000000 /dev/urandom > big.bin
zip -q my-deployment-package.zip lambda_function.py big.bin

aws lambda update-function-code --function-name my-function --zip-file fileb://my-deployment-package.zip 2> refusal.txt && exit 1

aws s3 mb s3://my-deployment-bucket
aws s3 cp my-deployment-package.zip s3://my-deployment-bucket/my-deployment-package.zip
aws lambda update-function-code --function-name my-function \
  --s3-bucket my-deployment-bucket --s3-key my-deployment-package.zip > updated.json
aws lambda wait function-updated-v2 --function-name my-function
aws lambda invoke --function-name my-function answer.json
