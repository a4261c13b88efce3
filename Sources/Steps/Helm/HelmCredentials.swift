import Foundation
import Workflow

/// A chart repository over HTTP.
package struct RepositoryAccess: Hashable, Sendable {
    package var url: String
    package var username: String?
    package var password: String?
    /// PEM certificates of its authority; nil: the system's.
    package var ca: String?

    package init(url: String, username: String? = nil, password: String? = nil, ca: String? = nil) {
        self.url = url
        self.username = username
        self.password = password
        self.ca = ca
    }
}

/// An OCI registry.
package struct RegistryAccess: Hashable, Sendable {
    /// Host, with its port where it has one.
    package var host: String
    package var username: String?
    package var password: String?
    /// PEM certificates of its authority; nil: the system's.
    package var ca: String?
    /// Without TLS.
    package var plainHTTP: Bool

    package init(
        host: String, username: String? = nil, password: String? = nil, ca: String? = nil, plainHTTP: Bool = false
    ) {
        self.host = host
        self.username = username
        self.password = password
        self.ca = ca
        self.plainHTTP = plainHTTP
    }
}

/// Files in helm's own formats that hold one repository's or registry's password for the time of a few helm calls.
///
/// Helm keeps passwords in clear in `repositories.yaml` and `registry/config.json`, and its flags for them show in the
/// process list. So these files are written into a directory of ``PrivateFiles`` (in memory, 0600), helm is pointed to
/// them for this call alone, and they go with the directory.
package struct HelmCredentials: Sendable {
    /// The one repository's name in the file.
    package static let repositoryName = "charts"

    package let directory: String
    package let repositoriesFile: String?
    package let registryFile: String?
    /// PEM file for `--ca-file`.
    package let caFile: String?

    package init(_ repository: RepositoryAccess, in directory: PrivateDirectory) throws(PrivateFiles.Failure) {
        self.directory = directory.path
        caFile = if let ca = repository.ca { try directory.write(ca, to: "ca.pem") } else { nil }
        registryFile = nil
        var entry: [String: Value] = ["name": .string(Self.repositoryName), "url": .string(repository.url)]
        entry["username"] = repository.username.map { .string($0) }
        entry["password"] = repository.password.map { .string($0) }
        entry["caFile"] = caFile.map { .string($0) }
        // JSON is YAML.
        let file = Value.object(["apiVersion": "", "repositories": .array([.object(entry)])])
        repositoriesFile = try directory.write(file.canonicalJSON, to: "repositories.yaml")
    }

    package init(_ registry: RegistryAccess, in directory: PrivateDirectory) throws(PrivateFiles.Failure) {
        self.directory = directory.path
        caFile = if let ca = registry.ca { try directory.write(ca, to: "ca.pem") } else { nil }
        repositoriesFile = nil
        var logins: [String: Value] = [:]
        if let username = registry.username, let password = registry.password {
            for name in Self.loginNames(registry.host) {
                logins[name] = ["auth": .string(Base64.encoded("\(username):\(password)"))]
            }
        }
        registryFile = try directory.write(Value.object(["auths": .object(logins)]).canonicalJSON, to: "registry.json")
    }

    /// The names under which a login for this host is looked up; Docker Hub has a historical one.
    private static func loginNames(_ host: String) -> [String] {
        let hub = ["docker.io", "registry-1.docker.io", "index.docker.io"]
        return hub.contains(host) ? hub + ["https://index.docker.io/v1/"] : [host]
    }
}
