import { parentPort } from 'node:worker_threads'
import { readLibraries, type LibraryTask } from './library-task.ts'

parentPort!.once('message', (task: LibraryTask) => readLibraries(task))
