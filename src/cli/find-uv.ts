import { findUv } from '../packager/resolve/find-uv.ts'
import { createBuildSurroundings } from '../packager/surroundings.ts'
import type { Context } from './command.ts'

/** uv of this machine, or the pinned one fetched into the cache; `undefined` when neither can be had. */
export async function findUvExecutable(context: Context): Promise<string | undefined> {
  const surroundings = await createBuildSurroundings({ environment: context.environment, signal: context.signal })
  try {
    const found = await findUv(context.environment, surroundings)
    return 'executable' in found ? found.executable : undefined
  } finally {
    await surroundings.close()
  }
}
