import { generateKeyPair, randomBytes } from 'node:crypto'
import type { TLSSocketOptions } from 'node:tls'
import { promisify } from 'node:util'
import forge from 'node-forge'
import { endpointNames } from './endpoint-names.js'

const keyBits = 2048
const dayMs = 24 * 60 * 60 * 1000
const authorityName = 'Simulated RDS Root CA'

/** Type of a DNS name among a certificate's alternative names (RFC 5280). */
const dnsName = 2

/** A certificate authority that lives as long as its cluster. */
export interface CertificateAuthority {
  /** Its certificate, for clients to trust. */
  readonly pem: string
  /** A certificate for an instance's own name and the shared names of its cluster. */
  issue(endpoint: string, clusterName: string): TLSSocketOptions
}

interface KeyPair {
  readonly publicKey: string
  readonly privateKey: string
}

/** Makes a certificate authority; keys and certificates stay in memory. All instances share one key. */
export async function createAuthority(): Promise<CertificateAuthority> {
  const [own, instances] = await Promise.all([generateKeys(), generateKeys()])
  const signingKey = forge.pki.privateKeyFromPem(own.privateKey)
  const root = certificate(own, authorityName)
  root.setExtensions([
    { name: 'basicConstraints', cA: true, critical: true },
    { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    { name: 'subjectKeyIdentifier' },
  ])
  root.sign(signingKey, forge.md.sha256.create())
  return {
    pem: forge.pki.certificateToPem(root),
    issue(endpoint, clusterName) {
      const { writer, reader, custom } = endpointNames(clusterName)
      const issued = certificate(instances, endpoint)
      issued.setExtensions([
        {
          name: 'subjectAltName',
          altNames: [endpoint, writer, reader, custom].map((value) => ({ type: dnsName, value })),
        },
        { name: 'extKeyUsage', serverAuth: true },
      ])
      issued.sign(signingKey, forge.md.sha256.create())
      return { cert: forge.pki.certificateToPem(issued), key: instances.privateKey }
    },
  }
}

function certificate(keys: KeyPair, commonName: string): forge.pki.Certificate {
  const made = forge.pki.createCertificate()
  made.publicKey = forge.pki.publicKeyFromPem(keys.publicKey)
  made.serialNumber = `01${randomBytes(15).toString('hex')}`
  made.validity.notBefore = new Date(Date.now() - dayMs)
  made.validity.notAfter = new Date(Date.now() + 30 * dayMs)
  made.setSubject([{ name: 'commonName', value: commonName }])
  made.setIssuer([{ name: 'commonName', value: authorityName }])
  return made
}

function generateKeys(): Promise<KeyPair> {
  return promisify(generateKeyPair)('rsa', {
    modulusLength: keyBits,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
}
