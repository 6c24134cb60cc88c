import { giveWay } from '../base/background.ts'
import { answerTask } from '../base/worker-task.ts'
import { checkPackage, type CheckRequest } from './check-package.ts'

// The service asks, after its answer to an upload: invocations come first.
giveWay()
answerTask((request: CheckRequest) => checkPackage(request))
