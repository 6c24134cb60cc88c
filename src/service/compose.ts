/** Wires the service, once: what is alive, in the order in which it depends on one another, and how it ends. */
import { join } from 'node:path'
import type { HttpLimits } from '../api/http/patience.ts'
import { createApiServer } from '../api/http/server.ts'
import { createFunctionUrlServer } from '../api/lambda/function-url/url-server.ts'
import { LargeCodeBodies } from '../api/lambda/large-code-body.ts'
import { createLambdaApi } from '../api/lambda/lambda-api.ts'
import { Provisioner } from '../api/lambda/provisioner.ts'
import { createIamService } from '../api/iam/iam-service.ts'
import { createLogsService } from '../api/logs/logs-service.ts'
import { createS3Service } from '../api/s3/s3-service.ts'
import { createStsService, type SessionIssuer } from '../api/sts/sts-service.ts'
import type { IsGranted } from '../api/grants.ts'
import { Announcer } from '../base/announcer.ts'
import { sleep, systemClock } from '../base/clock.ts'
import type { Digest } from '../base/digest.ts'
import { releaseGarbage } from '../base/garbage.ts'
import type { Log } from '../base/log.ts'
import { makeFolder } from '../base/make-folder.ts'
import { cacheFolder } from '../cache/cache-folder.ts'
import { Activation } from '../functions/activation.ts'
import { DeploymentPackages } from '../functions/deployment-packages.ts'
import type { FunctionChanged } from '../functions/function-changed.ts'
import { Functions } from '../functions/functions.ts'
import { RunnableVersions } from '../functions/runnable.ts'
import { findInterpreters, interpreterFor, parsePythonOption } from '../interpreters/find-interpreters.ts'
import type { Interpreter } from '../interpreters/interpreter.ts'
import { AsyncQueue } from '../invoker/async-queue.ts'
import { openCodeFolders } from '../invoker/code-folder.ts'
import { createInvoker } from '../invoker/invoker.ts'
import { runtimeFolder } from '../invoker/launch-plan.ts'
import { pythonRuntimes } from '../lambda/runtimes.ts'
import { LogStore } from '../logs/log-store.ts'
import { ObjectStore } from '../objects/object-store.ts'
import { openSandbox } from '../sandbox/open-sandbox.ts'
import type { NetworkMode, Tier } from '../sandbox/sandbox.ts'
import { BlobCollector } from '../store/blob-collector.ts'
import { Blobs } from '../store/blobs.ts'
import { openCatalog } from '../store/catalog.ts'
import { AccessKeys, type AccessKey } from './access-keys.ts'
import { adminRoutes } from './admin-routes.ts'
import { isGrantedToRole, roleOfSession } from './authorizer.ts'
import { CodeFolderCollector } from './code-folder-collector.ts'
import { followChanges } from './follow-changes.ts'
import { guestCredentials } from './guest-credentials.ts'
import { insideEndpoint } from './inside-endpoint.ts'
import { fetchObject, putObject } from './object-ports.ts'
import { noInterpreterAtAll } from './errors.ts'
import { PackageLinks } from './package-links.ts'
import { makePassable } from './passable-folder.ts'
import { SdkCopies } from './sdk-copies.ts'
import { UploadAudits } from './upload-audit.ts'
import { UploadJudge } from './validate-upload.ts'

export interface ServiceOptions {
  readonly dataFolder: string
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** Names besides loopback under which clients reach us. */
  readonly hostNames?: readonly string[]
  readonly isolation?: Tier | 'auto'
  readonly untrusted?: boolean
  /** Default `host`, or `none` with `untrusted`. */
  readonly network?: NetworkMode | undefined
  readonly runtimePolicy?: 'lenient' | 'aws'
  /** The day by which that policy goes; for tests. Default: today. */
  readonly policyDay?: Date
  /** `3.13=PATH` texts. */
  readonly pythons?: readonly string[]
  readonly allowUnsigned?: boolean
  readonly injectEndpoints?: boolean
  /** `false` lets environments run on between invocations. */
  readonly freezes?: boolean
  /** How long the states in between (Pending, InProgress) are shown at least, in milliseconds. */
  readonly activationDelayMs?: number
  /** How long HTTP clients may take; `standardLimits` unless given. */
  readonly limits?: HttpLimits
  /** The host's environment variables, for PATH and the package index; functions never see them. */
  readonly variables: Readonly<Record<string, string | undefined>>
  readonly log: Log
}

/** A running service. */
export interface Service {
  readonly url: string
  readonly region: string
  /** The key pair that `zipyard env` hands out. */
  readonly firstKey: AccessKey
  /** For people: the tier, and why not a higher one. */
  readonly isolation: string
  /** Functions are not isolated from this machine. */
  readonly isLabelled: boolean
  readonly network: NetworkMode
  /** Runtime ids whose Python is here. */
  readonly runtimes: readonly string[]
  /** Invocations of this function that come from now on wait for `until`, but not for ever: its code is about to be replaced. */
  hold(functionName: string, until: Promise<unknown>): void
  /** Stops accepting, lets running invocations end for a while, and closes everything. */
  stop(): Promise<void>
}

/** The region of a new service. */
const defaultRegion = 'us-east-1'

/** How long the states in between (Pending, InProgress) are shown at least, in milliseconds. */
const activationDelayMs = 20

/** When the start is over and its garbage is given back, in milliseconds: V8 must have seen some quiet seconds. */
const restAfterMs = 10_000

/** How long running requests and invocations may go on when the service stops, all together, in milliseconds. */
const graceMs = 5000

/** How long invocations wait at most for code that is being built, in milliseconds: a dependency that must be fetched first may take longer. */
const longestHoldMs = 10_000

/**
 * Starts the service and resolves when it listens.
 *
 * @throws `folderRefused`, `storeInUse`, `tierUnavailable`, `noInterpreterAtAll`, and the system's error when the port cannot be taken
 */
export async function startService(options: ServiceOptions): Promise<Service> {
  const { dataFolder, log } = options
  const clock = systemClock
  const network = options.network ?? (options.untrusted ? 'none' : 'host')
  makeFolder(dataFolder, 0o700)
  // What was opened, newest last; closed in the opposite order, also when a later step fails.
  const open: (() => Promise<unknown>)[] = []
  let stopsAt: number | undefined
  /** What is left of the grace: whoever called, its invocation and the events that wait for theirs have the same time. */
  const graceLeftMs = (): number => {
    stopsAt ??= clock.monotonic() + graceMs
    return Math.max(0, stopsAt - clock.monotonic())
  }
  const close = async (): Promise<void> => {
    for (const end of open.splice(0).reverse()) await end()
  }
  try {
    const catalog = await openCatalog({ folder: dataFolder, clock })
    open.push(() => catalog.close())
    const keys = await AccessKeys.open(catalog, clock)
    const blobs = await Blobs.open({ folder: dataFolder, clock })
    open.push(() => blobs.close())
    const logs = await LogStore.open({ catalog, folder: dataFolder, clock, log })
    open.push(() => logs.stop())
    const collector = new BlobCollector({ blobs, catalog, clock, log })
    collector.start()
    open.push(() => collector.stop())
    const store = new ObjectStore({ catalog, blobs, clock })

    const named = (options.pythons ?? []).map(parsePythonOption)
    const search = (): Promise<readonly Interpreter[]> =>
      findInterpreters({ dataFolder, named, environment: { ...options.variables } })
    const found = await search()
    const launcher = chooseLauncher(found)
    const { sandbox, reports } = await openSandbox({
      stateFolder: join(dataFolder, 'sandbox'),
      runtimeFolder,
      launcher,
      interpreter: launcher,
      isolation: options.isolation ?? 'auto',
      network,
      untrusted: options.untrusted ?? false,
    })
    open.push(() => sandbox.stop())
    const mountsAsOther = sandbox.tier === 'process' || sandbox.tier === 'bwrap'
    if (mountsAsOther && sandbox.fileAccess === 'as-other') makePassable(dataFolder)

    const localPath = (digest: Digest): string => blobs.localPath(digest)
    const codeFolders = await openCodeFolders({
      dataFolder,
      localPath,
      fileAccess: sandbox.fileAccess,
    })
    const folderCollector = new CodeFolderCollector({ codeFolders, catalog, clock, log })
    folderCollector.start()
    open.push(() => folderCollector.stop())
    const changes = new Announcer<FunctionChanged>((error) => log.error('a listener failed', { error: String(error) }))
    const runnable = new RunnableVersions(catalog, changes)
    const sdkCopies = new SdkCopies(dataFolder, options.variables, log)
    open.push(() => sdkCopies.stop())
    const inside = insideEndpoint(sandbox.facts, network, dataFolder)
    // The address is known only once the server listens, and no environment starts before that.
    let url = ''
    const invoker = await createInvoker({
      sandbox,
      clock,
      logs,
      log,
      dataFolder,
      codeFolders,
      network,
      freezes: options.freezes,
      interpreterFor: async (runtimeId) => interpreterFor(runtimeId, await search()),
      runtimeSdk: (runtimeId) => sdkCopies.open(runtimeId),
      credentials: (version) =>
        options.injectEndpoints === false
          ? guestCredentials(keys, version, undefined)
          : guestCredentials(keys, version, inside?.url ?? url, inside && [inside.relay]),
    })
    open.push(() => invoker.stop(graceLeftMs()))
    const followed = followChanges({ changes, runnable, invoker, log })
    open.push(() => Promise.race([followed.stop(), sleep(clock, graceLeftMs())]))
    const audits = new UploadAudits({ dataFolder, changes, runnable, localPath, cacheFolder: cacheFolder(options.variables), clock, log }) // prettier-ignore
    open.push(() => audits.stop())

    const activation = new Activation({
      catalog,
      clock,
      log,
      changes,
      prepareCode: async (digest) => void (await codeFolders.prepareCode(digest)),
      delayMs: options.activationDelayMs ?? activationDelayMs,
    })
    open.push(() => activation.stop())
    const functions = new Functions({ catalog, clock, changes, activation })
    const queue = new AsyncQueue({
      catalog,
      clock,
      log,
      resolve: (key, qualifier) => runnable.resolve(key, qualifier),
      invoke: (invocation) => invoker.invoke(invocation),
      putObject: putObject(store),
    })
    open.push(() => queue.stop(graceLeftMs()))

    const links = new PackageLinks(clock, blobs)
    const judge = new UploadJudge()
    open.push(() => judge.stop())
    const largeBodies = new LargeCodeBodies()
    open.push(() => largeBodies.stop())
    const isGranted: IsGranted = async (caller, question) => {
      const role = roleOfSession(caller.arn)
      return role !== undefined && isGrantedToRole(catalog, role, question)
    }
    const provisioner = new Provisioner({ catalog, clock, log, changes, runnable, invoker })
    // Function URLs never share an origin with the API.
    const urls = createFunctionUrlServer({
      catalog,
      clock,
      log,
      keyRing: keys,
      isGranted,
      runnable,
      invoke: (invocation) => invoker.invoke(invocation),
      hostNames: options.hostNames ?? [],
      ...(options.limits && { limits: options.limits }),
    })
    const server = createApiServer({
      services: [
        createLambdaApi({
          catalog,
          clock,
          changes,
          functions,
          packages: new DeploymentPackages({
            blobs,
            validateUpload: (path) => judge.judge(path),
            fetchObject: fetchObject(store),
            log,
          }),
          runnable,
          invoker: { invoke: (invocation) => invoker.invoke(invocation), enqueue: (event) => queue.enqueue(event) },
          runtimePolicy: options.runtimePolicy ?? 'lenient',
          policyDay: options.policyDay,
          downloadUrl: (origin, digest) => links.url(origin, digest),
          largeBodies,
          provisioner,
          functionUrl: (urlId, region) => urls.urlOf(urlId, region),
          isGranted,
        }),
        createS3Service({ store, isGranted }),
        createIamService({ catalog, clock, isGranted }),
        createLogsService({ catalog, logs, clock, isGranted }),
        createStsService({ db: catalog.db, sessions: keptSessions(keys), keyRing: keys, isGranted }),
      ],
      keyRing: keys,
      allowUnsigned: options.allowUnsigned ?? false,
      hostNames: [...(options.hostNames ?? []), ...(inside ? [inside.host] : [])],
      log,
      clock,
      adminRoutes: [
        ...adminRoutes({
          keys,
          environments: () => invoker.environments(),
          findings: (key) => audits.resultOf(key),
        }),
        links.route,
      ],
      ...(options.limits && { limits: options.limits }),
    })
    ;({ url } = await server.listen({ host: options.host, port: options.port }))
    open.push(() => server.close(graceLeftMs()))
    if (inside && options.injectEndpoints !== false) await server.listenAt(inside.relay.socket)
    await urls.listen({ host: options.host, port: options.port === 0 ? 0 : options.port + 1 })
    open.push(() => urls.close(graceLeftMs()))
    await activation.resume()
    await provisioner.resume()
    await queue.start()
    const rest = clock.after(restAfterMs, releaseGarbage, { unref: true })
    open.push(async () => rest.cancel())
    return {
      url,
      region: defaultRegion,
      firstKey: keys.first,
      isolation: isolationSentence(sandbox.tier, reports),
      isLabelled: sandbox.tier === 'process',
      network,
      runtimes: pythonRuntimes
        .filter((runtime) => found.some((one) => one.minor === runtime.python))
        .map((runtime) => runtime.id),
      hold(name, until) {
        const { accountId } = keys.first
        runnable.hold({ accountId, region: defaultRegion, name }, Promise.race([until, sleep(clock, longestHoldMs)]))
      },
      stop: close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** What STS hands out lives as long as it says, whatever becomes of this process. */
function keptSessions(keys: AccessKeys): SessionIssuer {
  return {
    issueForRole: (roleArn, sessionName, lifetimeMs) => keys.keep(keys.issueForRole(roleArn, sessionName, lifetimeMs)),
    issueForUser: (user, lifetimeMs) => keys.keep(keys.issueForUser(user, lifetimeMs)),
  }
}

/** The Python that sets up isolation: the newest finished one of 3.8 or later that has ctypes. */
function chooseLauncher(found: readonly Interpreter[]): Interpreter {
  const usable = found.filter(
    (one) => one.hasCtypes && one.isFinal && !one.isFreeThreaded && Number(one.minor.split('.')[1]) >= 8,
  )
  const best = usable.find((one) => one.minor.startsWith('3.'))
  if (!best) throw noInterpreterAtAll({})
  return best
}

/** `root`, or `process (root: not root; userns: …)`. */
function isolationSentence(tier: Tier, reports: readonly { tier: Tier; because?: string | undefined }[]): string {
  const why = reports
    .filter((report) => report.tier !== tier && report.because)
    .map((report) => `${report.tier}: ${report.because}`)
  return why.length > 0 ? `${tier} (${why.join('; ')})` : tier
}
