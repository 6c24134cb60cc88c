import { answerTask } from '../../base/worker-task.ts'
import { jsonDefect } from './json-defect.ts'

answerTask(jsonDefect)
