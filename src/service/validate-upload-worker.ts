import { answerTask } from '../base/worker-task.ts'
import { judgeUpload } from './validate-upload.ts'

answerTask(judgeUpload)
