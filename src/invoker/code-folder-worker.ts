import { answerTask } from '../base/worker-task.ts'
import { unpackCode } from './unpack-code.ts'

answerTask(unpackCode)
