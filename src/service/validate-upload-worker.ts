import { answerTasks } from '../base/worker-task.ts'
import { judgeUpload } from './validate-upload.ts'

answerTasks(judgeUpload)
