using System.Text.Json.Nodes;

namespace Antrea.Migration.Clusters;

/// <summary>Looks over what policies decide by and readers look into without complaint: labels, named ports, a Service's Pods and endpoints.</summary>
/// <remarks>The API server stores no such value. In a file that a person edited it would otherwise be taken for an absent one, and a policy for one that
/// selects fewer Pods, or more.</remarks>
internal static class ObjectShape
{
    private static readonly string[] Protocols = ["TCP", "UDP", "SCTP"];

    /// <summary>Records every value of the wrong type.</summary>
    public static void Check(ObjectFields fields)
    {
        var obj = fields.Object;
        fields.Text("metadata.namespace");
        CheckName(fields, "metadata.name", obj.Name);
        CheckName(fields, "metadata.namespace", obj.Namespace);
        CheckLabels(fields);
        fields.CheckMap("metadata.annotations");
        if (obj.Namespace.Length == 0 && obj.Kind is "NetworkPolicy" or "NetworkSet" && obj.Json.At("metadata", "namespace") is null)
        {
            fields.Bad("metadata.namespace", $"is missing; a {obj.Kind} means nothing without the Namespace that it is for");
        }

        switch (obj.Group, obj.Kind)
        {
            case ("", "Pod"):
                fields.Text("spec.serviceAccountName");
                foreach (var list in (string[])["containers", "initContainers"])
                {
                    foreach (var (container, at) in fields.Mappings(obj.Json.At("spec", list), $"spec.{list}"))
                    {
                        CheckPorts(fields, container["ports"], $"{at}.ports", "containerPort");
                    }
                }

                break;
            case ("", "Service"):
                fields.CheckMap("spec.selector");
                break;
            case ("discovery.k8s.io", "EndpointSlice"):
                var isNames = fields.Text("addressType") == "FQDN";
                foreach (var (endpoint, at) in fields.Mappings(obj.Json["endpoints"], "endpoints"))
                {
                    CheckAddresses(fields, endpoint["addresses"], $"{at}.addresses", isNames);
                }

                CheckPorts(fields, obj.Json["ports"], "ports", "port");
                break;
        }
    }

    /// <summary>A name is part of a path of the API.</summary>
    private static void CheckName(ObjectFields fields, string field, string name)
    {
        if (name is "." or ".." || name.AsSpan().ContainsAny('/', '%'))
        {
            fields.Bad(field, $"'{(name.Length > 60 ? name[..60] + "…" : name)}' cannot be a name in Kubernetes");
        }
    }

    private static void CheckLabels(ObjectFields fields)
    {
        fields.CheckMap("metadata.labels");
        foreach (var (key, value) in fields.Object.Json.MapAt("metadata", "labels"))
        {
            if (!LabelSyntax.IsKey(key) || !LabelSyntax.IsValue(value))
            {
                fields.Bad($"metadata.labels[{key}]", $"{ObjectFields.Shown(value)} under this key cannot be a label in Kubernetes");
            }
        }
    }

    /// <summary>A port may be without name, protocol and number.</summary>
    private static void CheckPorts(ObjectFields fields, JsonNode? ports, string at, string number)
    {
        foreach (var (port, place) in fields.Mappings(ports, at))
        {
            if (port["name"] is { } name && !IsText(name))
            {
                fields.Bad($"{place}.name", $"{ObjectFields.Shown(name)} is not a text; put quotes around it");
            }

            if (port["protocol"] is { } protocol && !Protocols.Contains(protocol.TextAt() ?? ""))
            {
                fields.Bad($"{place}.protocol", $"{ObjectFields.Shown(protocol)} is none of {string.Join(", ", Protocols)}");
            }

            if (port[number] is { } value && value.NumberAt() is not (>= 1 and <= 65535))
            {
                fields.Bad($"{place}.{number}", $"{ObjectFields.Shown(value)} is not a whole number from 1 to 65535");
            }
        }
    }

    private static void CheckAddresses(ObjectFields fields, JsonNode? addresses, string at, bool isNames)
    {
        if (addresses is not JsonArray list)
        {
            if (addresses is not null)
            {
                fields.Bad(at, $"{ObjectFields.Shown(addresses)} is not a list");
            }

            return;
        }

        for (var i = 0; i < list.Count; i++)
        {
            var place = $"{at}[{i}]";
            if (!IsText(list[i]))
            {
                fields.Bad(place, $"{ObjectFields.Shown(list[i])} is not a text");
            }
            else if (!isNames)
            {
                fields.ParseAddress(place, list[i].TextAt() ?? "");
            }
        }
    }

    private static bool IsText(JsonNode? value) => value is JsonValue scalar && scalar.TryGetValue<string>(out _);
}
