import { expect, test } from 'vitest'
import { corsHeaders, preflightHeaders } from './url-cors.ts'

test('an allowed origin is named, another gets nothing', () => {
  const cors = { AllowOrigins: ['https://*.example.com'], AllowCredentials: true, ExposeHeaders: ['x-a'] }
  expect(corsHeaders(cors, { origin: 'https://shop.example.com' })).toEqual({
    'access-control-allow-origin': 'https://shop.example.com',
    vary: 'Origin',
    'access-control-allow-credentials': 'true',
    'access-control-expose-headers': 'x-a',
  })
  expect(corsHeaders(cors, { origin: 'https://example.org' })).toEqual({})
  expect(corsHeaders({ AllowOrigins: ['*'] }, { origin: 'https://example.org' })).toEqual({
    'access-control-allow-origin': '*',
  })
})

test('a preflight for a method that is not allowed gets nothing', () => {
  const cors = { AllowOrigins: ['*'], AllowMethods: ['GET'], AllowHeaders: ['x-b'], MaxAge: 60 }
  const asked = { origin: 'https://a.example', 'access-control-request-method': 'GET' }
  expect(preflightHeaders(cors, asked)).toMatchObject({
    'access-control-allow-methods': 'GET',
    'access-control-max-age': '60',
  })
  expect(preflightHeaders(cors, { ...asked, 'access-control-request-method': 'PUT' })).toEqual({})
})
