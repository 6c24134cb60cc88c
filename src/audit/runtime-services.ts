import type { PythonRuntime } from '../lambda/runtimes.ts'

/**
 * The services that the AWS SDK for Python knows, by the release of botocore that is the last for a Python, and by the newest one. AWS does not say which
 * release a runtime has: it is none that its Python cannot run, and none that does not exist yet.
 * Source: folders of `botocore/data` in these releases, of which later ones have lost some names; as of 2026-11-22.
 */
// prettier-ignore
const releases: readonly (readonly [version: string, added: string])[] = [
  ['1.37.38', `
accessanalyzer account acm acm-pca amp amplify amplifybackend amplifyuibuilder apigateway apigatewaymanagementapi apigatewayv2 appconfig appconfigdata
appfabric appflow appintegrations application-autoscaling application-insights application-signals applicationcostprofiler appmesh apprunner appstream
appsync apptest arc-zonal-shift artifact athena auditmanager autoscaling autoscaling-plans b2bi backup backup-gateway backupsearch batch
bcm-data-exports bcm-pricing-calculator bedrock bedrock-agent bedrock-agent-runtime bedrock-data-automation bedrock-data-automation-runtime
bedrock-runtime billing billingconductor braket budgets ce chatbot chime chime-sdk-identity chime-sdk-media-pipelines chime-sdk-meetings
chime-sdk-messaging chime-sdk-voice cleanrooms cleanroomsml cloud9 cloudcontrol clouddirectory cloudformation cloudfront cloudfront-keyvaluestore
cloudhsm cloudhsmv2 cloudsearch cloudsearchdomain cloudtrail cloudtrail-data cloudwatch codeartifact codebuild codecatalyst codecommit codeconnections
codedeploy codeguru-reviewer codeguru-security codeguruprofiler codepipeline codestar-connections codestar-notifications cognito-identity cognito-idp
cognito-sync comprehend comprehendmedical compute-optimizer config connect connect-contact-lens connectcampaigns connectcampaignsv2 connectcases
connectparticipant controlcatalog controltower cost-optimization-hub cur customer-profiles databrew dataexchange datapipeline datasync datazone dax
deadline detective devicefarm devops-guru directconnect discovery dlm dms docdb docdb-elastic drs ds ds-data dsql dynamodb dynamodbstreams ebs ec2
ec2-instance-connect ecr ecr-public ecs efs eks eks-auth elasticache elasticbeanstalk elastictranscoder elb elbv2 emr emr-containers emr-serverless
entityresolution es events evidently finspace finspace-data firehose fis fms forecast forecastquery frauddetector freetier fsx gamelift
gameliftstreams geo-maps geo-places geo-routes glacier globalaccelerator glue grafana greengrass greengrassv2 groundstation guardduty health
healthlake iam identitystore imagebuilder importexport inspector inspector-scan inspector2 internetmonitor invoicing iot iot-data iot-jobs-data
iot-managed-integrations iotanalytics iotdeviceadvisor iotevents iotevents-data iotfleethub iotfleetwise iotsecuretunneling iotsitewise iotthingsgraph
iottwinmaker iotwireless ivs ivs-realtime ivschat kafka kafkaconnect kendra kendra-ranking keyspaces kinesis kinesis-video-archived-media
kinesis-video-media kinesis-video-signaling kinesis-video-webrtc-storage kinesisanalytics kinesisanalyticsv2 kinesisvideo kms lakeformation lambda
launch-wizard lex-models lex-runtime lexv2-models lexv2-runtime license-manager license-manager-linux-subscriptions license-manager-user-subscriptions
lightsail location logs lookoutequipment lookoutmetrics lookoutvision m2 machinelearning macie2 mailmanager managedblockchain managedblockchain-query
marketplace-agreement marketplace-catalog marketplace-deployment marketplace-entitlement marketplace-reporting marketplacecommerceanalytics
mediaconnect mediaconvert medialive mediapackage mediapackage-vod mediapackagev2 mediastore mediastore-data mediatailor medical-imaging memorydb
meteringmarketplace mgh mgn migration-hub-refactor-spaces migrationhub-config migrationhuborchestrator migrationhubstrategy mq mturk mwaa neptune
neptune-graph neptunedata network-firewall networkflowmonitor networkmanager networkmonitor notifications notificationscontacts oam observabilityadmin
omics opensearch opensearchserverless opsworks opsworkscm organizations osis outposts panorama partnercentral-selling payment-cryptography
payment-cryptography-data pca-connector-ad pca-connector-scep pcs personalize personalize-events personalize-runtime pi pinpoint pinpoint-email
pinpoint-sms-voice pinpoint-sms-voice-v2 pipes polly pricing privatenetworks proton qapps qbusiness qconnect qldb qldb-session quicksight ram rbin rds
rds-data redshift redshift-data redshift-serverless rekognition repostspace resiliencehub resource-explorer-2 resource-groups resourcegroupstaggingapi
robomaker rolesanywhere route53 route53-recovery-cluster route53-recovery-control-config route53-recovery-readiness route53domains route53profiles
route53resolver rum s3 s3control s3outposts s3tables sagemaker sagemaker-a2i-runtime sagemaker-edge sagemaker-featurestore-runtime
sagemaker-geospatial sagemaker-metrics sagemaker-runtime savingsplans scheduler schemas sdb secretsmanager security-ir securityhub securitylake
serverlessrepo service-quotas servicecatalog servicecatalog-appregistry servicediscovery ses sesv2 shield signer simspaceweaver sms sms-voice
snow-device-management snowball sns socialmessaging sqs ssm ssm-contacts ssm-incidents ssm-quicksetup ssm-sap sso sso-admin sso-oidc stepfunctions
storagegateway sts supplychain support support-app swf synthetics taxsettings textract timestream-influxdb timestream-query timestream-write tnb
transcribe transfer translate trustedadvisor verifiedpermissions voice-id vpc-lattice waf waf-regional wafv2 wellarchitected wisdom workdocs workmail
workmailmessageflow workspaces workspaces-thin-client workspaces-web xray`],
  ['1.42.97', `
aiops arc-region-switch bcm-dashboards bcm-recommended-actions bedrock-agentcore bedrock-agentcore-control compute-optimizer-automation connecthealth
devops-agent elementalinference evs interconnect keyspacesstreams marketplace-discovery mpa mwaa-serverless nova-act odb partnercentral-account
partnercentral-benefits partnercentral-channel route53globalresolver rtbfabric s3files s3vectors securityagent signer-data signin simpledbv2
ssm-guiconnect sustainability uxc wickr workspaces-instances`],
  ['1.44.5', `
account-access account-access-runtime agent-registry agent-registry-control cloudwatchomni connectscheduling continuum endusermessaging eventbridgev2
iam-toolbox lambda-core lambda-microvms lambda-web network-security-manager opensearchmemory partnercentral-revenue-measurement pricing-plan-manager
resiliencehubv2 sagemaker-inference-router-runtime sagemakerjobruntime sagemakertrainingsessionruntime supportauthz`],
]

/** The last release for Python 3.8, and for 3.9; every later Python gets the newest. */
const lastFor: Readonly<Record<number, string>> = { 8: '1.37.38', 9: '1.42.97' }

/** The newest release of the SDK that a runtime can have, and every service that one up to it has known. */
export interface RuntimeServices {
  readonly version: string
  readonly names: ReadonlySet<string>
}

export function runtimeServices(runtime: PythonRuntime): RuntimeServices {
  const minor = Math.max(8, runtime.minor[0] === 3 ? runtime.minor[1] : 0)
  const names = new Set<string>()
  let version = ''
  for (const [release, added] of releases) {
    version = release
    for (const name of added.trim().split(/\s+/)) names.add(name)
    if (release === lastFor[minor]) break
  }
  return { version, names }
}

/** The first of these releases that knows a service; undefined when none does. */
export function serviceSince(service: string): string | undefined {
  return releases.find(([, added]) => added.trim().split(/\s+/).includes(service))?.[0]
}
