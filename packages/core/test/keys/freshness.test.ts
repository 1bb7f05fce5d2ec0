import { expect, test } from 'vitest'
import { freshFor, usableFor } from '../../src/keys/freshness.ts'

const POLICY = { fallback: 600_000, min: 60_000, max: 3_600_000 }
const DATE = 'Fri, 15 Jan 2027 08:00:00 GMT'
const IN_FIVE_MINUTES = 'Fri, 15 Jan 2027 08:05:00 GMT'

test.each([
  ['nothing is said', {}, 600],
  ['max-age is within bounds', { 'cache-control': 'max-age=300' }, 300],
  ['max-age is among other directives', { 'cache-control': 'public, MAX-AGE=300, must-revalidate' }, 300],
  ['max-age is quoted', { 'cache-control': 'max-age="300"' }, 300],
  ['only s-maxage is given', { 'cache-control': 's-maxage=300' }, 600],
  ['max-age is zero', { 'cache-control': 'max-age=0' }, 60],
  ['max-age is a year', { 'cache-control': 'max-age=31536000' }, 3_600],
  ['max-age is given twice', { 'cache-control': 'max-age=300, max-age=400' }, 60],
  ['max-age is no number', { 'cache-control': 'max-age=soon' }, 60],
  ['max-age is negative', { 'cache-control': 'max-age=-1' }, 60],
  ['no-store is said beside max-age', { 'cache-control': 'max-age=300, no-store' }, 60],
  ['no-cache is said', { 'cache-control': 'no-cache' }, 60],
  ['Age is subtracted', { 'cache-control': 'max-age=600', age: '400' }, 200],
  ['Age leaves less than the lower bound', { 'cache-control': 'max-age=600', age: '590' }, 60],
  ['Age is malformed', { 'cache-control': 'max-age=300', age: '-5' }, 300],
  ['Expires is after Date', { expires: IN_FIVE_MINUTES, date: DATE }, 300],
  ['Expires comes with an Age', { expires: IN_FIVE_MINUTES, date: DATE, age: '100' }, 200],
  ['max-age contradicts Expires', { 'cache-control': 'max-age=120', expires: IN_FIVE_MINUTES, date: DATE }, 120],
  ['Expires comes without Date', { expires: IN_FIVE_MINUTES }, 60],
  ['Expires is zero', { expires: '0', date: DATE }, 60],
  ['Expires is before Date', { expires: DATE, date: IN_FIVE_MINUTES }, 60],
])('when %s (%o) an answer is fresh for %d s', (_, headers, seconds) => {
  expect(freshFor(headers, POLICY)).toBe(seconds * 1_000)
}) // JK-22, JK-23, JK-24, NG-90

test.each([
  ['nothing is said', {}, Infinity],
  ['only max-age is said', { 'cache-control': 'max-age=300' }, Infinity],
  ['must-revalidate is said', { 'cache-control': 'max-age=300, must-revalidate' }, 300],
  ['must-revalidate is said loudly', { 'cache-control': 'Must-Revalidate , max-age=300' }, 300],
  ['must-revalidate is said alone', { 'cache-control': 'must-revalidate' }, 600],
  [
    'the freshness is longer than the longest that is scheduled',
    { 'cache-control': 'max-age=7200, must-revalidate' },
    7_200,
  ],
  ['Age is subtracted', { 'cache-control': 'max-age=300, must-revalidate', age: '100' }, 200],
  ['no-cache is said', { 'cache-control': 'max-age=300, no-cache' }, 60],
  ['no-store is said', { 'cache-control': 'no-store' }, 60],
  ['proxy-revalidate is said, which is for shared caches', { 'cache-control': 'proxy-revalidate' }, Infinity],
  ['stale-if-error is said', { 'cache-control': 'max-age=300, stale-if-error=900' }, 1_200],
  ['stale-if-error is quoted', { 'cache-control': 'stale-if-error="900"' }, 1_500],
  ['stale-if-error is no number', { 'cache-control': 'max-age=300, stale-if-error=long' }, Infinity],
  ['both are said', { 'cache-control': 'max-age=300, stale-if-error=900, must-revalidate' }, 300],
])('when %s (%o) an answer is usable for %d s to the letter', (_, headers, seconds) => {
  expect(usableFor(headers, POLICY)).toBe(seconds * 1_000)
}) // JK-25
