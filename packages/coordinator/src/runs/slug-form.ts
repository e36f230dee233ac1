/** The form of names that stand in commands and addresses: of DAGs, pools and deployments. Pure. */

export const slugForm = /^[a-z0-9]+(-[a-z0-9]+)*$/;
export const slugCharactersMax = 64;

export const isSlug = (text: string): boolean => text.length <= slugCharactersMax && slugForm.test(text);
