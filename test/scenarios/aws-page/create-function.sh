# The page forgets it: there must be a function before its code can be updated.
printf 'def main(event, context):\n    return "not yet"\n' > first.py
zip -q first.zip first.py
aws lambda create-function --function-name my-function \
  --runtime "$RUNTIME" --handler lambda_function.main \
  --role arn:aws:iam::123456789012:role/lambda-ex \
  --zip-file fileb://first.zip > created.json
aws lambda wait function-active-v2 --function-name my-function
rm first.py first.zip
