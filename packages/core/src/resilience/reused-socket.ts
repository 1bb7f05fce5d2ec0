import { HttpError } from '../ports/http.ts'

/**
 * Sends, and once more at once where the server closed an idle socket as we took it: it has seen nothing, and that is no
 * failure. For what is safe to repeat only.
 */
export async function overReusedSocket<T>(send: () => Promise<T>): Promise<T> {
  try {
    return await send()
  } catch (error) {
    if (error instanceof HttpError && error.reusedSocket) return send()
    throw error
  }
}
