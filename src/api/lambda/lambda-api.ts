/** The Lambda API: finds the operation, reads and checks its input, answers. */
import { Aliases } from '../../functions/aliases.ts'
import { accessDenied } from '../../functions/errors.ts'
import { functionArn, parseFunctionName } from '../../functions/function-name.ts'
import type { SentPackage } from '../../functions/sent-package.ts'
import { asynchronousPayloadLimit, codeRequestLimit, synchronousPayloadLimit } from '../../lambda/quotas.ts'
import { mayCall } from '../grants.ts'
import type { ApiRequest, ApiResponse, ApiService, Caller, RequestHead } from '../http/message.ts'
import { readCodeBody } from './code-body.ts'
import { readEventInput, withEvent } from './event-input.ts'
import { renderFault, unknownOperation, validationFailed } from './fault.ts'
import { LargeCodeBody } from './large-code-body.ts'
import { operationModels } from './model/model.gen.ts'
import type { OperationResult } from './operation.ts'
import { operations } from './operations.ts'
import { route, type Route } from './router.ts'
import type { LambdaPorts, LambdaServices } from './services.ts'
import { parseBody, readInput, type Input } from './validation/read-input.ts'
import { validationMessage } from './validation/validate.ts'

/** Operations whose JSON carries a package. */
const codeOperations: ReadonlySet<string> = new Set(['CreateFunction', 'UpdateFunctionCode', 'PublishLayerVersion'])

/** Operations whose body is the event itself. */
const eventOperations: ReadonlySet<string> = new Set(['Invoke', 'InvokeAsync', 'InvokeWithResponseStream'])

const noQuery = new URLSearchParams()

/** Largest body of all other operations, in bytes. */
const plainBodyLimit = 1024 * 1024

export function createLambdaApi(ports: LambdaPorts): ApiService {
  const services: LambdaServices = { ...ports, aliases: new Aliases(ports.catalog, ports.changes) }
  return {
    name: 'lambda',
    handle: (request) => handle(request, services),
    renderError: (error, request) => renderFault(error, operationNameOf(request)),
    bodyLimitBytes: (head) => bodyLimitOf(head),
    largeBody: (head) => (codeOperations.has(operationNameOf(head) ?? '') ? ports.largeBodies?.open() : undefined),
  }
}

function handle(request: ApiRequest, services: LambdaServices): Promise<ApiResponse> {
  const found = route(request.method, request.path, request.query)
  if (!found || !operations.has(found.operation)) throw unknownOperation({ method: request.method, path: request.path })
  if (found.operation === 'Invoke') return performInvoke(request, found, services)
  // An event is no input to be read, and its operations ask for leave themselves.
  if (eventOperations.has(found.operation)) return perform(request, found, services, {})
  return handleInput(request, found, services)
}

async function handleInput(request: ApiRequest, found: Route, services: LambdaServices): Promise<ApiResponse> {
  const name = found.operation
  if (request.caller.kind !== 'user')
    await expectGranted(request.caller, `lambda:${name}`, resourceOf(found.labels, request.caller), services)
  if (!codeOperations.has(name)) return perform(request, found, services, await readBody(name, request))
  const receive = (): SentPackage => services.packages.receive()
  const { largeBody } = request
  const { input, discard } =
    largeBody instanceof LargeCodeBody ? await largeBody.read(receive) : await readCodeBody(request.stream(), receive)
  try {
    return await perform(request, found, services, input)
  } finally {
    discard()
  }
}

/** The operation that is called most, by far. */
async function performInvoke(request: ApiRequest, found: Route, services: LambdaServices): Promise<ApiResponse> {
  const { input, broken } = readEventInput(request, found)
  if (broken !== undefined) throw validationFailed({ text: broken })
  return answerWith(request, found, services, withEvent(input, await request.body(synchronousPayloadLimit)))
}

/** @param body the members that stand in the request's body */
async function perform(request: ApiRequest, found: Route, services: LambdaServices, body: Input): Promise<ApiResponse> {
  const { headers } = request
  const model = operationModels[found.operation]!
  let input: Input = {}
  if (model.input !== undefined) {
    const isEvent = eventOperations.has(found.operation)
    input = readInput(model.input, {
      labels: found.labels,
      query: request.query,
      headers,
      body,
      payload: isEvent ? await request.body(bodyLimitOf(request)) : undefined,
    })
    const broken = validationMessage(found.operation, input)
    if (broken !== undefined) throw validationFailed({ text: broken })
  }
  return answerWith(request, found, services, input)
}

async function answerWith(
  { id, caller, headers, origin }: ApiRequest,
  { operation }: Route,
  services: LambdaServices,
  input: Input,
): Promise<ApiResponse> {
  const authorize = (action: string, resource: string): Promise<void> =>
    expectGranted(caller, action, resource, services)
  const result = await operations.get(operation)!.handle(input, { id, caller, headers, origin, services, authorize })
  return toResponse(result, operationModels[operation]!.status)
}

/** What a function's role may do is decided by the policies of the role; people's keys may do everything in their account. */
async function expectGranted(
  caller: Caller,
  action: string,
  resource: string,
  services: LambdaServices,
): Promise<void> {
  if (await mayCall(services.isGranted, caller, { action, resource })) return
  throw accessDenied({
    text: `User: ${caller.arn} is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy allows the ${action} action`,
  })
}

async function readBody(operation: string, request: ApiRequest): Promise<Input> {
  if (operationModels[operation]!.input === undefined) return {}
  return parseBody(await request.body(plainBodyLimit))
}

/** What a policy calls the thing that a request is about. */
function resourceOf(labels: Readonly<Record<string, string>>, caller: Caller): string {
  const name = labels['FunctionName']
  if (name === undefined) return labels['Resource'] ?? '*'
  const { qualifier, ...key } = parseFunctionName(name, caller)
  return functionArn(key, qualifier)
}

function toResponse(result: OperationResult, status: number): ApiResponse {
  const { headers, json } = result
  if (json === undefined) return { status: result.status ?? status, headers: headers ?? {}, body: result.body }
  return {
    status: result.status ?? status,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(json),
  }
}

function operationNameOf(request: Pick<ApiRequest, 'method' | 'path'>): string | undefined {
  return route(request.method, request.path, noQuery)?.operation
}

function bodyLimitOf(head: Pick<RequestHead, 'method' | 'path' | 'headers'>): number {
  const operation = operationNameOf(head)
  if (operation === undefined) return plainBodyLimit
  if (codeOperations.has(operation)) return codeRequestLimit
  if (operation === 'InvokeAsync') return asynchronousPayloadLimit
  return eventOperations.has(operation) ? synchronousPayloadLimit : plainBodyLimit
}
