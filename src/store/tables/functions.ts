export interface FunctionTables {}
