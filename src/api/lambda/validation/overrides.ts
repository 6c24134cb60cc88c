/**
 * Where the service validates otherwise than its public model says. Source: recorded answers of AWS (2025-11, 2026-01), and the
 * documented limits of ordinary functions where the model has those of managed instances.
 */
import type { Shape } from '../model/shape.ts'

export interface ShapeOverride extends Partial<Shape> {
  /** The enum is checked elsewhere, with words of its own. */
  readonly noEnum?: true
  /** As a member of a list, its constraints are printed without `Member must not be null`. */
  readonly nullable?: true
  /** A list whose members' enum is printed as if it were the list's own, and shorter than what is taken. */
  readonly flatEnum?: readonly string[]
}

/** Runtimes that functions may be created with, in the order in which the service prints them. Recorded 2025-11. */
export const creatableRuntimes: readonly string[] =
  'nodejs20.x python3.14 provided.al2023 python3.12 python3.13 nodejs24.x nodejs22.x java25 python3.10 python3.11 java21 ruby3.3 ruby3.4 ruby3.2 python3.8 python3.9 java17 nodejs16.x dotnet10 dotnet8 java11 dotnet6 nodejs18.x provided.al2 java8.al2'.split(
    ' ',
  )

/** Runtimes that ListLayers takes as a filter, in the order in which the service prints them. Recorded 2026-01. */
const listableRuntimes: readonly string[] =
  'ruby3.5 ruby2.6 dotnetcore1.0 python3.7 nodejs8.10 nasa ruby2.7 python2.7-greengrass dotnetcore2.0 python3.8 java21 dotnet6 dotnetcore2.1 python3.9 java11 nodejs6.10 provided dotnetcore3.1 dotnet8 java25 java17 nodejs nodejs4.3 java8.al2 go1.x dotnet10 nodejs20.x go1.9 byol nodejs10.x provided.al2023 nodejs22.x python3.10 java8 nodejs12.x python3.11 nodejs24.x nodejs8.x python3.12 nodejs14.x nodejs8.9 nodejs26.x python3.13 python3.14 nodejs16.x python3.15 provided.al2 nodejs4.3-edge nodejs18.x ruby3.2 python3.4 ruby3.3 ruby3.4 ruby2.5 python3.6 python2.7'.split(
    ' ',
  )

const region = '(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}'

/** By name of the shape. */
export const shapeOverrides: Readonly<Record<string, ShapeOverride>> = {
  CompatibleRuntimes: { flatEnum: creatableRuntimes },
  EphemeralStorageSize: { max: 10_240 },
  EventSourcePosition: { enum: ['LATEST', 'AT_TIMESTAMP', 'TRIM_HORIZON'] },
  InvokeMode: { enum: ['RESPONSE_STREAM', 'BUFFERED'] },
  LayerVersionArn: {
    pattern: `(arn:(aws[a-zA-Z-]*)?:lambda:${region}:\\d{12}:layer:[a-zA-Z0-9-_]+:[0-9]+)|(arn:[a-zA-Z0-9-]+:lambda:::awslayer:[a-zA-Z0-9-_]+)`,
  },
  MemorySize: { max: 10_240 },
  RecursiveLoop: { enum: ['Terminate', 'Allow'] },
  Runtime: { enum: listableRuntimes },
  SecurityGroupId: { nullable: true },
  SubnetId: { nullable: true },
  TaggableResource: {
    pattern: `arn:(aws[a-zA-Z-]*):lambda:${region}:\\d{12}:(function:[a-zA-Z0-9-_]+(:(\\$LATEST|[a-zA-Z0-9-_]+))?|layer:([a-zA-Z0-9-_]+)|code-signing-config:csc-[a-z0-9]{17}|event-source-mapping:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|capacity-provider:[a-zA-Z0-9-_]+)`,
  },
  Timeout: { max: 900 },
}

/** By `Operation.member`; wins over `shapeOverrides`. */
export const memberOverrides: Readonly<Record<string, ShapeOverride>> = {
  'CreateFunctionRequest.Runtime': { noEnum: true },
  'UpdateFunctionConfigurationRequest.Runtime': { noEnum: true },
}
