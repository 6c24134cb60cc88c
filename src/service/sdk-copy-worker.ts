import { giveWay } from '../base/background.ts'
import { answerTask } from '../base/worker-task.ts'
import { buildSdkCopy } from '../packager/build-sdk-copy.ts'
import { extractArchive } from '../zip/extract.ts'
import type { SdkCopyTask } from './sdk-copies.ts'

// First invocations wait for it, others must not be held up by it: half way.
giveWay(5)
answerTask(async ({ into, limitBytes, ...build }: SdkCopyTask): Promise<void> => {
  await buildSdkCopy(build)
  await extractArchive({ archivePaths: [build.out], into, limitBytes })
})
