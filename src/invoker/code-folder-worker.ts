import { giveWay } from '../base/background.ts'
import { answerTask } from '../base/worker-task.ts'
import { unpackCode } from './unpack-code.ts'

// The answer to the upload has been given: invocations come first.
giveWay()
answerTask(unpackCode)
