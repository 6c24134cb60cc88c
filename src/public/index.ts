/**
 * Building and checking packages from code.
 *
 * @example
 * const surroundings = await createBuildSurroundings({ environment: process.env })
 * const [plan] = planBuilds({ workingDirectory: process.cwd(), runtime: 'python3.13' })
 * const report = await build(plan, surroundings)
 * await surroundings.close()
 * checkPackage({ path: report.path, runtime: 'python3.13', architecture: 'x86_64' }).findings
 */
export { ZipyardError } from '../base/errors.ts'
export { checkPackage, type CheckRequest, type CheckResult } from '../audit/check-package.ts'
export type { Finding } from '../audit/finding.ts'
export { build } from '../packager/build.ts'
export { planBuilds, type BuildRequest } from '../packager/plan-builds.ts'
export type { BuildPlan } from '../packager/build-plan.ts'
export type { BuildReport } from '../packager/report/report.ts'
export { createBuildSurroundings } from '../packager/surroundings.ts'
