# A Lambda stack as people write it: only the environment variables of `zipyard env` point it at the service.
terraform {
  required_providers { aws = { source = "hashicorp/aws", version = ">= 5.0" } }
}
provider "aws" {
  region = "us-east-1"
  s3_use_path_style = true
  skip_metadata_api_check = true
  skip_region_validation = true
}
resource "aws_iam_role" "lambda" {
  name = "tf-lambda"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = "lambda.amazonaws.com" }, Action = "sts:AssumeRole" }] })
}
resource "aws_lambda_layer_version" "l" {
  layer_name = "tf-layer"
  filename   = "function.zip"
  source_code_hash = filebase64sha256("function.zip")
  compatible_runtimes = ["python3.11"]
}
resource "aws_lambda_function" "f" {
  function_name = "tf-function"
  role          = aws_iam_role.lambda.arn
  runtime       = "python3.11"
  handler       = "app.main"
  filename      = "function.zip"
  source_code_hash = filebase64sha256("function.zip")
  layers        = [aws_lambda_layer_version.l.arn]
  publish       = true
  environment { variables = { STAGE = "1" } }
  tags = { team = "x" }
}
resource "aws_lambda_alias" "live" {
  name = "live"
  function_name = aws_lambda_function.f.function_name
  function_version = aws_lambda_function.f.version
}
resource "aws_lambda_permission" "p" {
  statement_id = "AllowEvents"
  action = "lambda:InvokeFunction"
  function_name = aws_lambda_function.f.function_name
  principal = "events.amazonaws.com"
}
resource "aws_lambda_function_url" "u" {
  function_name = aws_lambda_function.f.function_name
  authorization_type = "NONE"
}
resource "aws_lambda_function_event_invoke_config" "e" {
  function_name = aws_lambda_function.f.function_name
  maximum_retry_attempts = 0
}
resource "aws_s3_bucket" "b" { bucket = "tf-bucket" }
resource "aws_s3_object" "o" {
  bucket = aws_s3_bucket.b.id
  key    = "function.zip"
  source = "function.zip"
  etag   = filemd5("function.zip")
}
resource "aws_cloudwatch_log_group" "g" {
  name = "/aws/lambda/tf-function"
  retention_in_days = 7
}
