/** The sign of the page. */

export function Mark() {
  return (
    <svg className="mark" viewBox="0 0 32 32" aria-hidden="true">
      <rect className="ground" width="32" height="32" rx="7" />
      <path className="strap" d="M11 12V9.5a5 5 0 0 1 10 0V12" />
      <path className="bag" d="M7 12h18v10a4 4 0 0 1-4 4H11a4 4 0 0 1-4-4z" />
      <path className="flap" d="M7 12h18v3.5a9 6 0 0 1-18 0z" />
      <rect className="clasp" x="14.2" y="17.6" width="3.6" height="4.6" rx="1.2" />
    </svg>
  );
}
