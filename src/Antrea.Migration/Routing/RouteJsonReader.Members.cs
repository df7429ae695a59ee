using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace Antrea.Migration.Routing;

/// <content>The members of an entry and of a next hop.</content>
internal static partial class RouteJsonReader
{
    private static bool TryReadMember(
        JsonProperty member, HopDraft hop, RouteDraft? draft, ref List<string>? unknown, [NotNullWhen(false)] out string? error)
    {
        bool good;
        switch (member.Name)
        {
            case "gateway":
                good = TrySetGateway(hop, Text(member.Value));
                break;
            case "via":
                hop.GatewayFamilyNamed = true;
                good = member.Value.ValueKind == JsonValueKind.Object && TrySetGateway(hop, Text(member.Value, "host"));
                break;
            case "dev":
                hop.Device = Text(member.Value);
                good = hop.Device is { Length: > 0 };
                break;
            case "weight":
                good = TryNumber(member.Value, out var weight) && weight is >= 1 and <= 256;
                hop.Weight = (int)weight;
                break;
            case "flags":
                good = TryReadFlags(member.Value, hop, ref unknown);
                break;
            default:
                good = TryReadRouteMember(member, draft, ref unknown);
                break;
        }

        error = good ? null : $"'{member.Name}' has no fitting value";
        return good;
    }

    private static bool TryReadRouteMember(JsonProperty member, RouteDraft? draft, ref List<string>? unknown)
    {
        switch (member.Name)
        {
            case "type" or "dst" when draft is not null:
                return true;
            case "protocol" when draft is not null && Text(member.Value) is { } protocol:
                draft.Protocol = RouteNumbers.Protocol(protocol);
                return true;
            case "scope" when draft is not null && Text(member.Value) is { } scope:
                draft.Scope = RouteNumbers.Scope(scope);
                return true;
            case "table" when draft is not null && Text(member.Value) is { } table:
                draft.Table = table;
                return true;
            case "prefsrc" when draft is not null && RouteDraft.TryParseAddress(Text(member.Value) ?? "", out var source):
                draft.Source = source;
                return true;
            case "metric" when draft is not null && TryNumber(member.Value, out var metric):
                draft.Metric = metric;
                return true;
            case "pref" when draft is not null:
                draft.SaysIPv6 = true;
                return true;
            case "protocol" or "scope" or "table" or "prefsrc" or "metric":
                return false;
        }

        if (!RouteWords.OtherAttributes.Contains(member.Name) && !PassedOver.Contains(member.Name))
        {
            (unknown ??= []).Add(member.Name);
        }

        return true;
    }

    private static bool TryReadFlags(JsonElement value, HopDraft hop, ref List<string>? unknown)
    {
        if (value.ValueKind != JsonValueKind.Array)
        {
            return false;
        }

        foreach (var element in value.EnumerateArray())
        {
            if (Text(element) is not { } flag)
            {
                return false;
            }

            if (!hop.TrySetFlag(flag))
            {
                (unknown ??= []).Add(flag);
            }
        }

        return true;
    }

    private static bool TrySetGateway(HopDraft hop, string? text)
    {
        hop.Gateway = RouteDraft.TryParseAddress(text ?? "", out var gateway) ? gateway : null;
        return gateway is not null;
    }
}
