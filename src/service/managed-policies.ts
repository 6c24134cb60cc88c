/**
 * Statements of the AWS-managed policies that function roles are given most, for the services that Zipyard has.
 *
 * Source: AWS managed policy reference, read in November 2026; statements for other services are left out. A managed policy that is
 * not listed can be attached but grants nothing here.
 */
export const managedPolicies: Readonly<Record<string, readonly object[]>> = {
  'arn:aws:iam::aws:policy/AdministratorAccess': [allow(['*'])],
  'arn:aws:iam::aws:policy/PowerUserAccess': [
    { Effect: 'Allow', NotAction: ['iam:*', 'organizations:*', 'account:*'], Resource: '*' },
  ],
  'arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole': [
    allow(['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents']),
  ],
  'arn:aws:iam::aws:policy/service-role/AWSLambdaRole': [allow(['lambda:InvokeFunction'])],
  'arn:aws:iam::aws:policy/AWSLambda_FullAccess': [
    allow(['lambda:*', 'logs:DescribeLogStreams', 'logs:GetLogEvents', 'logs:FilterLogEvents']),
  ],
  'arn:aws:iam::aws:policy/AWSLambda_ReadOnlyAccess': [allow(['lambda:Get*', 'lambda:List*'])],
  'arn:aws:iam::aws:policy/AmazonS3FullAccess': [allow(['s3:*'])],
  'arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess': [allow(['s3:Get*', 's3:List*', 's3:Describe*'])],
  'arn:aws:iam::aws:policy/CloudWatchLogsFullAccess': [allow(['logs:*'])],
  'arn:aws:iam::aws:policy/CloudWatchLogsReadOnlyAccess': [
    allow(['logs:Describe*', 'logs:Get*', 'logs:List*', 'logs:FilterLogEvents']),
  ],
}

function allow(actions: readonly string[]): object {
  return { Effect: 'Allow', Action: actions, Resource: '*' }
}
