import { answerTask } from '../base/worker-task.ts'
import { checkPackage, type CheckRequest } from './check-package.ts'

answerTask((request: CheckRequest) => checkPackage(request))
