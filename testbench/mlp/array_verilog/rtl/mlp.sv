// mlp: written by qhls
/* verilator lint_off UNUSEDSIGNAL */  // rounding and overflow drop bits of wires
module mlp (
  input wire clk,
  input wire signed [3:0] x_0,
  input wire signed [3:0] x_1,
  input wire signed [3:0] x_2,
  input wire signed [3:0] x_3,
  input wire signed [3:0] x_4,
  input wire signed [3:0] x_5,
  output wire signed [8:0] result_0,
  output wire signed [8:0] result_1,
  output wire signed [8:0] result_2
);
  // hidden.matmul
  (* keep *) wire signed [6:0] hidden_matmul_part_15 = 7'(x_2) - {5'(x_2), 2'd0};
  (* keep *) wire signed [5:0] hidden_matmul_part_17 = 6'(x_3) + {5'(x_3), 1'd0};
  (* keep *) wire signed [5:0] hidden_matmul_part_19 = 6'(x_4) + {5'(x_5), 1'd0};
  (* keep *) wire signed [4:0] hidden_matmul_part_20 = 5'(x_0) + 5'(x_1);
  (* keep *) wire signed [6:0] hidden_matmul_part_21 = hidden_matmul_part_15 - 7'(hidden_matmul_part_19);
  (* keep *) wire signed [6:0] hidden_matmul_part_23 = 7'(hidden_matmul_part_17) - {6'(hidden_matmul_part_20), 1'd0};
  (* keep *) wire signed [8:0] hidden_matmul_0 = 9'(hidden_matmul_part_21) - {8'(hidden_matmul_part_23), 1'd0};
  (* keep *) wire signed [5:0] hidden_matmul_part_27 = 6'(x_0) - {5'(x_2), 1'd0};
  (* keep *) wire signed [6:0] hidden_matmul_part_29 = 7'(hidden_matmul_part_27) + {5'(x_1), 2'd0};
  (* keep *) wire signed [5:0] hidden_matmul_part_31 = 6'(x_1) - {5'(x_4), 1'd0};
  (* keep *) wire signed [6:0] hidden_matmul_part_33 = 7'(x_5) - {5'(x_0), 2'd0};
  (* keep *) wire signed [6:0] hidden_matmul_part_34 = 7'(hidden_matmul_part_17) + 7'(hidden_matmul_part_31);
  (* keep *) wire signed [8:0] hidden_matmul_part_36 = 9'(hidden_matmul_part_29) + {8'(hidden_matmul_part_33), 1'd0};
  (* keep *) wire signed [8:0] hidden_matmul_1 = 9'(hidden_matmul_part_34) + hidden_matmul_part_36;
  (* keep *) wire signed [4:0] hidden_matmul_part_38 = 5'(x_0) - 5'(x_5);
  (* keep *) wire signed [6:0] hidden_matmul_part_39 = 7'(hidden_matmul_part_38) - hidden_matmul_part_15;
  (* keep *) wire signed [8:0] hidden_matmul_part_41 = 9'(hidden_matmul_part_39) - {7'(hidden_matmul_part_31), 2'd0};
  (* keep *) wire signed [9:0] hidden_matmul_2 = 10'(hidden_matmul_1) + 10'(hidden_matmul_part_41);
  (* keep *) wire signed [5:0] hidden_matmul_part_43 = 6'(x_5) - {5'(x_3), 1'd0};
  (* keep *) wire signed [5:0] hidden_matmul_part_45 = 6'(x_3) + {5'(x_1), 1'd0};
  (* keep *) wire signed [8:0] hidden_matmul_part_47 = 9'(hidden_matmul_part_43) - {hidden_matmul_part_45, 3'd0};
  (* keep *) wire signed [9:0] hidden_matmul_part_48 = 10'(hidden_matmul_part_29) + 10'(hidden_matmul_part_47);
  (* keep *) wire signed [9:0] hidden_matmul_4 = 10'(hidden_matmul_1) + hidden_matmul_part_48;
  (* keep *) wire signed [6:0] hidden_matmul_part_51 = 7'(x_4) - {5'(x_5), 2'd0};
  (* keep *) wire signed [8:0] hidden_matmul_part_53 = 9'(hidden_matmul_part_39) + {8'(hidden_matmul_part_51), 1'd0};
  reg signed [9:0] hidden_matmul_4_d1;
  always @(posedge clk) hidden_matmul_4_d1 <= hidden_matmul_4;
  reg signed [8:0] hidden_matmul_part_53_d1;
  always @(posedge clk) hidden_matmul_part_53_d1 <= hidden_matmul_part_53;
  (* keep *) wire signed [10:0] hidden_matmul_3 = 11'(hidden_matmul_4_d1) + 11'(hidden_matmul_part_53_d1);
  // hidden.add
  (* keep *) wire signed [8:0] hidden_add_0 = hidden_matmul_0 + 9'd32;
  (* keep *) wire signed [8:0] hidden_add_1 = hidden_matmul_1 + 9'd56;
  // hidden.matmul
  reg signed [9:0] hidden_matmul_2_d1;
  always @(posedge clk) hidden_matmul_2_d1 <= hidden_matmul_2;
  // hidden.add
  (* keep *) wire signed [9:0] hidden_add_2 = hidden_matmul_2_d1 + 10'd32;
  (* keep *) wire signed [10:0] hidden_add_3 = hidden_matmul_3 + 11'd2016;
  (* keep *) wire signed [9:0] hidden_add_4 = hidden_matmul_4_d1 + 10'd1000;
  // relu.quantize
  wire signed [4:0] relu_quantize_part_0 = hidden_add_0[8:4];
  wire signed [5:0] relu_quantize_part_1 = hidden_add_0[8:3];
  wire relu_quantize_part_2 = relu_quantize_part_1[0];
  wire relu_quantize_part_3 = relu_quantize_part_0[0];
  wire [2:0] relu_quantize_part_4 = hidden_add_0[2:0];
  wire relu_quantize_part_5 = |relu_quantize_part_4;
  wire relu_quantize_part_6 = relu_quantize_part_3 | relu_quantize_part_5;
  reg relu_quantize_part_2_d1;
  always @(posedge clk) relu_quantize_part_2_d1 <= relu_quantize_part_2;
  reg relu_quantize_part_6_d1;
  always @(posedge clk) relu_quantize_part_6_d1 <= relu_quantize_part_6;
  wire relu_quantize_part_7 = relu_quantize_part_2_d1 & relu_quantize_part_6_d1;
  reg signed [4:0] relu_quantize_part_0_d1;
  always @(posedge clk) relu_quantize_part_0_d1 <= relu_quantize_part_0;
  (* keep *) wire signed [4:0] relu_quantize_part_8 = relu_quantize_part_0_d1 + 5'(relu_quantize_part_7);
  wire signed [4:0] relu_quantize_part_9 = hidden_add_1[8:4];
  wire signed [5:0] relu_quantize_part_10 = hidden_add_1[8:3];
  wire relu_quantize_part_11 = relu_quantize_part_10[0];
  reg signed [4:0] relu_quantize_part_9_d1;
  always @(posedge clk) relu_quantize_part_9_d1 <= relu_quantize_part_9;
  wire relu_quantize_part_12 = relu_quantize_part_9_d1[0];
  wire [2:0] relu_quantize_part_13 = hidden_add_1[2:0];
  reg [2:0] relu_quantize_part_13_d1;
  always @(posedge clk) relu_quantize_part_13_d1 <= relu_quantize_part_13;
  wire relu_quantize_part_14 = |relu_quantize_part_13_d1;
  wire relu_quantize_part_15 = relu_quantize_part_12 | relu_quantize_part_14;
  reg relu_quantize_part_11_d1;
  always @(posedge clk) relu_quantize_part_11_d1 <= relu_quantize_part_11;
  wire relu_quantize_part_16 = relu_quantize_part_11_d1 & relu_quantize_part_15;
  (* keep *) wire signed [4:0] relu_quantize_part_17 = relu_quantize_part_9_d1 + 5'(relu_quantize_part_16);
  wire signed [5:0] relu_quantize_part_18 = hidden_add_2[9:4];
  wire signed [6:0] relu_quantize_part_19 = hidden_add_2[9:3];
  wire relu_quantize_part_20 = relu_quantize_part_19[0];
  wire relu_quantize_part_21 = relu_quantize_part_18[0];
  wire [2:0] relu_quantize_part_22 = hidden_add_2[2:0];
  wire relu_quantize_part_23 = |relu_quantize_part_22;
  wire relu_quantize_part_24 = relu_quantize_part_21 | relu_quantize_part_23;
  wire relu_quantize_part_25 = relu_quantize_part_20 & relu_quantize_part_24;
  (* keep *) wire signed [5:0] relu_quantize_part_26 = relu_quantize_part_18 + 6'(relu_quantize_part_25);
  wire signed [6:0] relu_quantize_part_27 = hidden_add_3[10:4];
  wire signed [7:0] relu_quantize_part_28 = hidden_add_3[10:3];
  wire relu_quantize_part_29 = relu_quantize_part_28[0];
  wire relu_quantize_part_30 = relu_quantize_part_27[0];
  wire [2:0] relu_quantize_part_31 = hidden_add_3[2:0];
  wire relu_quantize_part_32 = |relu_quantize_part_31;
  wire relu_quantize_part_33 = relu_quantize_part_30 | relu_quantize_part_32;
  wire relu_quantize_part_34 = relu_quantize_part_29 & relu_quantize_part_33;
  (* keep *) wire signed [6:0] relu_quantize_part_35 = relu_quantize_part_27 + 7'(relu_quantize_part_34);
  wire signed [5:0] relu_quantize_part_36 = hidden_add_4[9:4];
  wire signed [6:0] relu_quantize_part_37 = hidden_add_4[9:3];
  wire relu_quantize_part_38 = relu_quantize_part_37[0];
  wire relu_quantize_part_39 = relu_quantize_part_36[0];
  wire [2:0] relu_quantize_part_40 = hidden_add_4[2:0];
  wire relu_quantize_part_41 = |relu_quantize_part_40;
  wire relu_quantize_part_42 = relu_quantize_part_39 | relu_quantize_part_41;
  wire relu_quantize_part_43 = relu_quantize_part_38 & relu_quantize_part_42;
  (* keep *) wire signed [5:0] relu_quantize_part_44 = relu_quantize_part_36 + 6'(relu_quantize_part_43);
  wire relu_quantize_part_46 = $signed(relu_quantize_part_8) < $signed(5'd0);
  wire [3:0] relu_quantize_0 = relu_quantize_part_46 ? 4'd0 : relu_quantize_part_8[3:0];
  wire relu_quantize_part_48 = $signed(relu_quantize_part_17) < $signed(5'd0);
  wire [3:0] relu_quantize_1 = relu_quantize_part_48 ? 4'd0 : relu_quantize_part_17[3:0];
  reg signed [5:0] relu_quantize_part_26_d1;
  always @(posedge clk) relu_quantize_part_26_d1 <= relu_quantize_part_26;
  wire relu_quantize_part_50 = $signed(relu_quantize_part_26_d1) < $signed(6'd0);
  wire [4:0] relu_quantize_part_51 = relu_quantize_part_50 ? 5'd0 : relu_quantize_part_26_d1[4:0];
  reg signed [6:0] relu_quantize_part_35_d1;
  always @(posedge clk) relu_quantize_part_35_d1 <= relu_quantize_part_35;
  wire relu_quantize_part_52 = $signed(relu_quantize_part_35_d1) < $signed(7'd0);
  wire [5:0] relu_quantize_part_53 = relu_quantize_part_52 ? 6'd0 : relu_quantize_part_35_d1[5:0];
  reg signed [5:0] relu_quantize_part_44_d1;
  always @(posedge clk) relu_quantize_part_44_d1 <= relu_quantize_part_44;
  wire relu_quantize_part_54 = $signed(relu_quantize_part_44_d1) < $signed(6'd0);
  wire [4:0] relu_quantize_part_55 = relu_quantize_part_54 ? 5'd0 : relu_quantize_part_44_d1[4:0];
  wire relu_quantize_part_56 = 5'd15 < relu_quantize_part_51;
  wire [3:0] relu_quantize_2 = relu_quantize_part_56 ? 4'd15 : relu_quantize_part_51[3:0];
  wire relu_quantize_part_58 = 6'd15 < relu_quantize_part_53;
  wire [3:0] relu_quantize_3 = relu_quantize_part_58 ? 4'd15 : relu_quantize_part_53[3:0];
  wire relu_quantize_part_60 = 5'd15 < relu_quantize_part_55;
  wire [3:0] relu_quantize_4 = relu_quantize_part_60 ? 4'd15 : relu_quantize_part_55[3:0];
  // scores.matmul
  (* keep *) wire [4:0] scores_matmul_part_0 = 5'(relu_quantize_2) + 5'(relu_quantize_4);
  // relu.quantize
  reg [3:0] relu_quantize_3_d1;
  always @(posedge clk) relu_quantize_3_d1 <= relu_quantize_3;
  // scores.matmul
  reg [4:0] scores_matmul_part_0_d1;
  always @(posedge clk) scores_matmul_part_0_d1 <= scores_matmul_part_0;
  (* keep *) wire signed [7:0] scores_matmul_part_2 = 8'(relu_quantize_3_d1) - {6'(scores_matmul_part_0_d1), 2'd0};
  // relu.quantize
  reg [3:0] relu_quantize_1_d1;
  always @(posedge clk) relu_quantize_1_d1 <= relu_quantize_1;
  reg [3:0] relu_quantize_1_d2;
  always @(posedge clk) relu_quantize_1_d2 <= relu_quantize_1_d1;
  // scores.matmul
  (* keep *) wire [5:0] scores_matmul_part_3 = 6'(relu_quantize_1_d2) + 6'(scores_matmul_part_0_d1);
  // relu.quantize
  reg [3:0] relu_quantize_0_d1;
  always @(posedge clk) relu_quantize_0_d1 <= relu_quantize_0;
  reg [3:0] relu_quantize_0_d2;
  always @(posedge clk) relu_quantize_0_d2 <= relu_quantize_0_d1;
  // scores.matmul
  (* keep *) wire signed [5:0] scores_matmul_part_5 = 6'(relu_quantize_0_d2) - {5'(relu_quantize_3_d1), 1'd0};
  (* keep *) wire signed [7:0] scores_matmul_part_7 = 8'(scores_matmul_part_5) + {7'(scores_matmul_part_3), 1'd0};
  (* keep *) wire signed [8:0] scores_matmul_part_9 = 9'(scores_matmul_part_3) + {scores_matmul_part_7, 1'd0};
  // relu.quantize
  reg [3:0] relu_quantize_4_d1;
  always @(posedge clk) relu_quantize_4_d1 <= relu_quantize_4;
  // scores.matmul
  (* keep *) wire [5:0] scores_matmul_part_10 = 6'(relu_quantize_4_d1) + {5'(relu_quantize_3_d1), 1'd0};
  (* keep *) wire signed [8:0] scores_matmul_part_12 = 9'(scores_matmul_part_2) + {7'(scores_matmul_part_10), 2'd0};
  (* keep *) wire signed [9:0] scores_matmul_part_14 = 10'(scores_matmul_part_12) + {9'(scores_matmul_part_2), 1'd0};
  (* keep *) wire signed [9:0] scores_matmul_0 = 10'(scores_matmul_part_9) + scores_matmul_part_14;
  (* keep *) wire signed [7:0] scores_matmul_part_16 = 8'(scores_matmul_part_0_d1) - {6'(scores_matmul_part_0_d1), 2'd0};
  (* keep *) wire signed [9:0] scores_matmul_part_18 = 10'(scores_matmul_part_16) - {7'(scores_matmul_part_3), 3'd0};
  (* keep *) wire signed [10:0] scores_matmul_1 = {10'(scores_matmul_part_7), 1'd0} + 11'(scores_matmul_part_18);
  (* keep *) wire signed [7:0] scores_matmul_part_20 = scores_matmul_part_7 - 8'(relu_quantize_4_d1);
  (* keep *) wire signed [9:0] scores_matmul_2 = 10'(scores_matmul_part_9) + 10'(scores_matmul_part_20);
  // scores.add
  (* keep *) wire signed [9:0] scores_add_0 = scores_matmul_0 + 10'd8;
  (* keep *) wire signed [10:0] scores_add_1 = 11'd4 + scores_matmul_1;
  (* keep *) wire signed [9:0] scores_add_2 = scores_matmul_2 + 10'd1004;
  assign result_0 = scores_add_0[8:0];
  assign result_1 = scores_add_1[8:0];
  assign result_2 = scores_add_2[8:0];
endmodule
