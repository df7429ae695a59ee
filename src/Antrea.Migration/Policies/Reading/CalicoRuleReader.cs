using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;
using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Policies.Conversion;

namespace Antrea.Migration.Policies.Reading;

/// <summary>Reads the rules of a Calico policy. What it cannot read, it reports; a rule with such a report must not be used.</summary>
internal static class CalicoRuleReader
{
    private static readonly (string Name, byte Number)[] Protocols =
        [("TCP", 6), ("UDP", 17), ("ICMP", 1), ("ICMPv6", 58), ("SCTP", 132), ("UDPLite", 136)];

    public static ImmutableArray<CalicoRule> ReadRules(FieldReader spec, string field, ICollection<PolicyFinding> findings) =>
        [.. spec.Objects(field).Select(rule => ReadRule(rule, findings))];

    private static CalicoRule ReadRule(FieldReader rule, ICollection<PolicyFinding> findings)
    {
        rule.Ignore("metadata");
        var read = new CalicoRule
        {
            Action = ReadAction(rule),
            IPVersion = ReadIPVersion(rule),
            Protocol = ReadProtocol(rule, "protocol"),
            NotProtocol = ReadProtocol(rule, "notProtocol"),
            Icmp = ReadIcmp(rule.Object("icmp")),
            NotIcmp = ReadIcmp(rule.Object("notICMP")),
            HasHttp = rule.Has("http"),
            Source = ReadEntity(rule.Object("source"), findings),
            Destination = ReadEntity(rule.Object("destination"), findings),
        };
        rule.Finish();
        return read;
    }

    private static CalicoAction ReadAction(FieldReader rule)
    {
        switch (rule.Text("action"))
        {
            case "Allow" or "allow":
                return CalicoAction.Allow;
            case "Deny" or "deny":
                return CalicoAction.Deny;
            case "Log" or "log":
                return CalicoAction.Log;
            case "Pass":
                return CalicoAction.Pass;
            default:
                rule.Malformed("action", "Allow, Deny, Log or Pass");
                return CalicoAction.Deny;
        }
    }

    private static int? ReadIPVersion(FieldReader rule)
    {
        var version = rule.Number("ipVersion");
        if (version is not (null or 4 or 6))
        {
            rule.Malformed("ipVersion", "4 or 6");
        }

        return (int?)version;
    }

    private static CalicoProtocol? ReadProtocol(FieldReader rule, string field)
    {
        if (rule.IntegerOrText(field) is not { } text)
        {
            return null;
        }

        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
        {
            if (number is >= 1 and <= 255)
            {
                return new CalicoProtocol(null, (byte)number);
            }

            rule.Malformed(field, "a protocol's name, or a number from 1 to 255");
            return null;
        }

        return new CalicoProtocol(
            text, Protocols.FirstOrDefault(p => p.Name.Equals(text, StringComparison.OrdinalIgnoreCase)).Number);
    }

    private static CalicoEntity ReadEntity(FieldReader? entity, ICollection<PolicyFinding> findings)
    {
        if (entity is null)
        {
            return CalicoEntity.Any;
        }

        var read = new CalicoEntity
        {
            Selector = entity.Selector("selector"),
            NotSelector = entity.Selector("notSelector"),
            NamespaceSelector = entity.Selector("namespaceSelector"),
            Nets = [.. entity.Texts("nets").Select(n => n.Text)],
            NotNets = [.. entity.Texts("notNets").Select(n => n.Text)],
            Ports = [.. entity.Items("ports").Select(p => ReadPort(p.Item, p.Path, findings)).OfType<CalicoPort>()],
            NotPorts = [.. entity.Items("notPorts").Select(p => ReadPort(p.Item, p.Path, findings)).OfType<CalicoPort>()],
            ServiceAccounts = ReadServiceAccounts(entity.Object("serviceAccounts")),
            Services = ReadServices(entity.Object("services")),
        };
        entity.Finish();
        return read;
    }

    private static CalicoServiceAccounts? ReadServiceAccounts(FieldReader? accounts)
    {
        if (accounts is null)
        {
            return null;
        }

        var read = new CalicoServiceAccounts([.. accounts.Texts("names").Select(n => n.Text)], accounts.Selector("selector"));
        accounts.Finish();
        return read.Names.IsEmpty && read.Selector is null ? null : read;
    }

    private static CalicoServiceReference? ReadServices(FieldReader? services)
    {
        if (services is null)
        {
            return null;
        }

        var read = new CalicoServiceReference(services.Text("namespace") ?? "", services.Text("name") ?? "");
        services.Finish();
        return read;
    }

    private static CalicoIcmp? ReadIcmp(FieldReader? icmp)
    {
        if (icmp is null)
        {
            return null;
        }

        var read = new CalicoIcmp(ReadByte(icmp, "type", 254), ReadByte(icmp, "code", 255));
        icmp.Finish();
        return read;
    }

    private static byte? ReadByte(FieldReader owner, string field, int last)
    {
        var number = owner.Number(field);
        if (number is null || (number >= 0 && number <= last && number.Value == Math.Truncate(number.Value)))
        {
            return (byte?)number;
        }

        owner.Malformed(field, string.Create(CultureInfo.InvariantCulture, $"a whole number from 0 to {last}"));
        return null;
    }

    private static CalicoPort? ReadPort(JsonNode? item, string path, ICollection<PolicyFinding> findings)
    {
        if (FieldReader.TryIntegerOrText(item, out var text) && TryReadPort(text, out var port))
        {
            return port;
        }

        findings.Add(PolicyCode.MalformedField.At(path, "must be a port from 1 to 65535, a range FIRST:LAST of such, or a port's name"));
        return null;
    }

    private static bool TryReadPort(string text, out CalicoPort port)
    {
        port = default;
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        if (TryReadNumber(colon < 0 ? text : text[..colon], out var first))
        {
            var last = first;
            if (colon >= 0 && !TryReadNumber(text[(colon + 1)..], out last))
            {
                return false;
            }

            port = new CalicoPort(first, last);
            return first is >= 1 and <= 65535 && last >= first && last <= 65535;
        }

        port = new CalicoPort(0, 0, text);
        return text.Length is >= 1 and <= 128 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '-')
            && !text.StartsWith('-');
    }

    private static bool TryReadNumber(string text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
