import { workerData } from 'node:worker_threads'
import { readLibraries, type LibraryTask } from './library-task.ts'

readLibraries(workerData as LibraryTask)
