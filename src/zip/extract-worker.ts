import { answerTask } from '../base/worker-task.ts'
import { extractArchive } from './extract.ts'

answerTask(extractArchive)
