import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startSideServices, runTool, type ToolResult } from '../kit/side-services.ts'
import { temporaryFolder } from '../kit/temporary-folder.ts'

/** What a Lambda stack has around its function; the function itself is in the Lambda API's own test. */
const configuration = `
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
variable "url" { type = string }
provider "aws" {
  region                  = "us-east-1"
  s3_use_path_style       = true
  skip_metadata_api_check = true
  endpoints {
    s3   = var.url
    iam  = var.url
    sts  = var.url
    logs = var.url
  }
}
data "aws_caller_identity" "me" {}
output "account" { value = data.aws_caller_identity.me.account_id }

resource "aws_s3_bucket" "artifacts" {
  bucket        = "artifacts"
  force_destroy = true
  tags          = { a = "b" }
}
resource "aws_s3_bucket_versioning" "artifacts" {
  bucket = aws_s3_bucket.artifacts.id
  versioning_configuration { status = "Enabled" }
}
resource "aws_s3_bucket_public_access_block" "artifacts" {
  bucket            = aws_s3_bucket.artifacts.id
  block_public_acls = true
}
resource "aws_s3_bucket_server_side_encryption_configuration" "artifacts" {
  bucket = aws_s3_bucket.artifacts.id
  rule {
    apply_server_side_encryption_by_default { sse_algorithm = "AES256" }
  }
}
resource "aws_s3_bucket_policy" "artifacts" {
  bucket = aws_s3_bucket.artifacts.id
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Deny", Principal = "*", Action = "s3:*", Resource = "*" }] })
}
resource "aws_s3_bucket_cors_configuration" "artifacts" {
  bucket = aws_s3_bucket.artifacts.id
  cors_rule {
    allowed_methods = ["GET"]
    allowed_origins = ["https://app.example"]
  }
}
resource "aws_s3_object" "package" {
  bucket = aws_s3_bucket_versioning.artifacts.bucket
  key    = "packages/main.tf"
  source = "main.tf"
  etag   = filemd5("main.tf")
  tags   = { x = "y" }
}
resource "aws_iam_role" "function" {
  name               = "function"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }] })
  tags               = { t = "u" }
}
resource "aws_iam_role_policy_attachment" "basic" {
  role       = aws_iam_role.function.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
}
resource "aws_iam_policy" "own" {
  name   = "own"
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "s3:*", Resource = "*" }] })
}
resource "aws_iam_role_policy_attachment" "own" {
  role       = aws_iam_role.function.name
  policy_arn = aws_iam_policy.own.arn
}
resource "aws_iam_role_policy" "inline" {
  role   = aws_iam_role.function.name
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "logs:*", Resource = "*" }] })
}
resource "aws_cloudwatch_log_group" "function" {
  name              = "/aws/lambda/function"
  retention_in_days = 14
  tags              = { a = "b" }
}
`

test(
  'Terraform makes buckets, objects, roles, policies and log groups, plans nothing more, and removes them',
  { timeout: 600_000 },
  async (context) => {
    const services = await startSideServices()
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'main.tf'), configuration)
    const env = { ...services.environment, TF_VAR_url: services.url, TF_IN_AUTOMATION: '1', CHECKPOINT_DISABLE: '1' }
    const terraform = (...args: string[]): Promise<ToolResult> =>
      runTool('terraform', [...args, '-no-color'], { env, cwd: folder })
    const init = await terraform('init').catch((error: unknown) => ({ exitCode: 1, stdout: '', stderr: String(error) }))
    // Terraform is not a package that the test setup can install; where it and its AWS provider are not there, this says so.
    if (init.exitCode !== 0)
      return context.skip(`Terraform or its AWS provider is not installed: ${init.stderr.trim().split('\n')[0]}`)
    const apply = await terraform('apply', '-auto-approve')
    expect(apply.stderr + apply.stdout.slice(-500)).toContain('Apply complete! Resources: 13 added')
    const plan = await terraform('plan', '-detailed-exitcode')
    expect([plan.exitCode, plan.stdout.slice(-2000)]).toEqual([0, expect.stringContaining('No changes.')])
    const destroy = await terraform('destroy', '-auto-approve')
    expect(destroy.stderr + destroy.stdout.slice(-500)).toContain('Destroy complete! Resources: 13 destroyed')
  },
)
