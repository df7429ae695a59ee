namespace Antrea.Migration.Lab.Scenarios;

/// <summary>CustomResourceDefinitions without a schema, as YAML documents.</summary>
internal static class CrdText
{
    /// <summary>One definition; ends with a document separator.</summary>
    /// <param name="group">The API group.</param>
    /// <param name="version">The one version, served and stored.</param>
    /// <param name="kind">The kind.</param>
    /// <param name="plural">The resource name.</param>
    /// <param name="namespaced">Whether its objects live in a Namespace.</param>
    /// <param name="hasStatus">Whether there is a status subresource.</param>
    /// <param name="shortName">A short name, or null.</param>
    /// <param name="columns">Printer columns as YAML flow mappings, or null.</param>
    public static string Of(
        string group,
        string version,
        string kind,
        string plural,
        bool namespaced = false,
        bool hasStatus = false,
        string? shortName = null,
        string? columns = null) =>
        $$"""
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata:
          name: {{plural}}.{{group}}
        spec:
          group: {{group}}
          scope: {{(namespaced ? "Namespaced" : "Cluster")}}
          names:
            kind: {{kind}}
            listKind: {{kind}}List
            plural: {{plural}}
            singular: {{kind.ToLowerInvariant()}}
            shortNames: [{{shortName}}]
          versions:
          - name: {{version}}
            served: true
            storage: true
            additionalPrinterColumns: [{{columns}}]
            subresources: {{(hasStatus ? "{status: {}}" : "{}")}}
            schema:
              openAPIV3Schema:
                type: object
                x-kubernetes-preserve-unknown-fields: true
        ---

        """;
}
