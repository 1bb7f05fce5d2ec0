import { expect } from 'vitest'
import { verifies } from '../verifies.ts'
import { api } from '../world.ts'

verifies('HT-01', 'every 401 carries a challenge', async (face) => {
  const { get, reasons, handled } = await api(face)
  const reply = await get('/')
  expect(reply.status).toBe(401)
  expect(reply.lines('www-authenticate')).toEqual(['Bearer realm="https://api.example.com"'])
  expect(reasons()).toEqual(['credentials_missing'])
  expect(handled()).toBe(0)
})
