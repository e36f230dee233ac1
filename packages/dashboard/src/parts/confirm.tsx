/** Asks before something is ended. Escape and the first button leave everything as it is. */

import { useEffect, useRef } from "react";

interface ConfirmParts {
  readonly title: string;
  readonly text: string;
  readonly yes: string;
  readonly no: string;
  readonly onYes: () => void;
  readonly onClose: () => void;
}

export function Confirm({ title, text, yes, no, onYes, onClose }: ConfirmParts) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} aria-labelledby="confirm-title" onClose={onClose}>
      <h2 id="confirm-title">{title}</h2>
      <p>{text}</p>
      <div className="buttons">
        <button type="button" className="plain" onClick={() => dialog.current?.close()}>
          {no}
        </button>
        <button
          type="button"
          className="danger"
          onClick={() => {
            onYes();
            dialog.current?.close();
          }}
        >
          {yes}
        </button>
      </div>
    </dialog>
  );
}
