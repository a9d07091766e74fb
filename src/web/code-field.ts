import { html } from 'hono/html';
import type { Html } from './layout.ts';

/** The field for a code of `latchkey web code`, with what it is. */
export function codeField(problem?: string): Html {
  return html`<label for="code">Code from your terminal</label>
<p id="code-help" class="small quiet-text">On the host where you submit jobs, run <code>latchkey web code</code> as yourself. The code works once, for five minutes.</p>
${problem === undefined ? '' : html`<div class="note bad" role="alert"><p id="code-problem">${problem}</p></div>`}
<input type="text" id="code" name="code" required maxlength="20" autocomplete="one-time-code" autocapitalize="characters" spellcheck="false" placeholder="XXXX-XXXX" aria-describedby="code-help${problem === undefined ? '' : ' code-problem'}"${problem === undefined ? '' : html` aria-invalid="true"`}>`;
}
